"""Tversky loss: one minus an overlap in which false alarms and misses may cost differently (Salehi et al.
2017).

For each class over a batch: 1 - TP / (TP + a FP + b FN), of probabilities in place of decisions, and their
mean over the classes of which anything is known. a = b = 1/2 is the soft F1.

A class that has no positive in the batch costs 1 whatever the model says, so batches must be large enough to
hold the rare ones; and where probabilities are 0 or 1 there is no slope, so the learning rate should stay
low. Keras's own has a and b the other way round: its alpha weighs misses.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops

from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss, split_unknown
from training.losses.registry import register_loss

HYPERPARAMETERS = {
    "tversky_alpha": {
        "type": "float",
        "default": 0.3,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Weight of false positives.",
    },
    "tversky_beta": {
        "type": "float",
        "default": 0.7,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Weight of false negatives; above tversky_alpha it favours sensitivity.",
    },
}


class OverlapLoss(MaskedLoss):
    """One minus the Tversky index, averaged over classes.

    Args:
        alpha: weight of false positives.
        beta: weight of false negatives.
        link: "softmax" or "sigmoid".
        name: what it is called in logs.
    """

    def __init__(self, alpha: float, beta: float, link: str, name: str) -> None:
        super().__init__(self._overlap, link, name, shift_known=False)
        self.alpha = alpha
        self.beta = beta

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        targets, known = split_unknown(y_true, y_pred.dtype, self.link)
        there = ops.cast(ops.any(known > 0, axis=0), y_pred.dtype)  # (K,)
        losses = (1 - self._overlap(targets * known, y_pred, known)) * there
        return ops.sum(losses) / ops.maximum(ops.sum(there), 1.0)

    def _overlap(
        self, y: keras.KerasTensor, z: keras.KerasTensor, known: keras.KerasTensor
    ) -> keras.KerasTensor:
        """The index (K,) of each class."""
        p = (ops.softmax(z, axis=-1) if self.link == "softmax" else ops.sigmoid(z)) * known
        found = ops.sum(y * p, axis=0)
        alarms, missed = ops.sum((1 - y) * p, axis=0), ops.sum(y * (1 - p), axis=0)
        return found / (found + self.alpha * alarms + self.beta * missed + keras.backend.epsilon())


def build(hp: Mapping, counts: ClassCounts) -> OverlapLoss:
    return OverlapLoss(hp["tversky_alpha"], hp["tversky_beta"], hp["link"], "tversky")


register_loss("tversky", build, HYPERPARAMETERS)
