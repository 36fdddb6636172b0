"""Cross-entropy: softmax over the classes, or one binary cross-entropy a class.

Label smoothing (Szegedy et al. 2016, "Rethinking the Inception Architecture") takes a share e of what is true
and spreads it over all classes: y (1 - e) + e / K under softmax, y (1 - e) + e / 2 under sigmoid.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops

from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss

SMOOTHING = {
    "label_smoothing": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 0.5,
        "meaning": "Share of each target that is spread over all classes; it weighs on rare classes most, so "
        "keep it below their prevalence.",
    },
}


def cross_entropy(
    y_true: keras.KerasTensor, logits: keras.KerasTensor, link: str, smoothing: float = 0.0
) -> keras.KerasTensor:
    """Return -log p of what is true: (B,) under softmax, (B, K) under sigmoid; finite for finite logits."""
    if smoothing:
        others = y_true.shape[-1] if link == "softmax" else 2
        y_true = y_true * (1 - smoothing) + smoothing / others
    if link == "softmax":
        return ops.categorical_crossentropy(y_true, logits, from_logits=True)
    return ops.binary_crossentropy(y_true, logits, from_logits=True)


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    link, smoothing = hp["link"], hp["label_smoothing"]
    return MaskedLoss(lambda y, z: cross_entropy(y, z, link, smoothing), link, "ce")


register_loss("ce", build, SMOOTHING)
