"""Cross-entropy: softmax over the classes, or one binary cross-entropy a class."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops

from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss


def cross_entropy(y_true: keras.KerasTensor, logits: keras.KerasTensor, link: str) -> keras.KerasTensor:
    """Return -log p of what is true: (B,) under softmax, (B, K) under sigmoid; finite for finite logits."""
    if link == "softmax":
        return ops.categorical_crossentropy(y_true, logits, from_logits=True)
    return ops.binary_crossentropy(y_true, logits, from_logits=True)


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    return MaskedLoss(lambda y, z: cross_entropy(y, z, hp["link"]), hp["link"], "ce")


register_loss("ce", build, {})
