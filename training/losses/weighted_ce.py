"""Cross-entropy in which rare classes weigh more, by a power of how rare they are.

softmax: a row of class c weighs n_c^-q, scaled so that the mean weight of the training rows is 1. sigmoid: a
positive of class c weighs (negatives / positives)^q and a negative 1, so that q = 1 balances the two. q =
0 is plain cross-entropy. A class without positives keeps weight 1.

The counts are those of the training side as it is: a sampler that already balances the classes and weights on
top of it correct twice.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from keras import ops

from training.losses.ce import cross_entropy
from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss

HYPERPARAMETERS = {
    "weight_power": {
        "type": "float",
        "default": 0.5,
        "min": 0.0,
        "max": 2.0,
        "meaning": "Power q of class weights n_c^-q: 0 is plain cross-entropy, 1 balances the classes.",
    },
}


def class_weights(counts: ClassCounts, power: float, link: str) -> np.ndarray:
    """Return the weight of each class's positives (K,), float32.

    Example:
        >>> class_weights(ClassCounts(np.array([90, 10]), np.array([10, 90])), 1.0, "softmax")
        array([0.5555556, 5.       ], dtype=float32)
    """
    positives = np.maximum(counts.positives, 1).astype("float64")
    if link == "softmax":
        weights = positives**-power
        weights *= positives.sum() / (positives * weights).sum()
    else:
        weights = (np.maximum(counts.negatives, 1) / positives) ** power
    return np.where(counts.positives > 0, weights, 1.0).astype("float32")


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    link = hp["link"]
    weights = class_weights(counts, hp["weight_power"], link)

    def elements(y, z):
        losses = cross_entropy(y, z, link)
        if link == "softmax":
            return losses * ops.sum(y * weights, axis=-1)
        return losses * (1 + y * (weights - 1))

    return MaskedLoss(elements, link, "weighted_ce")


register_loss("weighted_ce", build, HYPERPARAMETERS)
