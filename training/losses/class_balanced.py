"""Cross-entropy weighted by the effective number of samples (Cui et al. 2019).

softmax: a row of class c weighs 1 / E_n of its class, scaled so that the weights sum to the number of
classes.
sigmoid: the paper weighs whole rows by their one class, which a multi-label row does not have; here each
class is a problem of two, its positives and its negatives, weighed by their own effective numbers and scaled
to sum to 2. beta 0 is cross-entropy, beta towards 1 is weighting by 1 / n.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from keras import ops

from training.losses.ce import SMOOTHING, cross_entropy
from training.losses.counts import ClassCounts
from training.losses.effective import effective_weights
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss

BETA = {
    "beta": {
        "type": "float",
        "default": 0.9999,
        "min": 0.0,
        "max": 0.9999999,
        "meaning": "Of class-balanced weights (1 - beta) / (1 - beta^n): rows beyond 1 / (1 - beta) of a "
        "class count for nothing new; 0 weighs all classes alike.",
    },
}


def balanced_weights(counts: ClassCounts, beta: float, link: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of positives and of negatives (K,), float32; under softmax only the first count.

    A class without positives weighs 1.
    """
    there = counts.positives > 0
    positive = effective_weights(counts.positives, beta)
    if link == "softmax":
        positive = np.where(there, positive, 0.0)
        weights = np.where(there, positive * there.sum() / positive.sum(), 1.0)
        return weights.astype("float32"), np.zeros(len(weights), "float32")
    negative = effective_weights(counts.negatives, beta)
    scale = np.where(there, 2 / (positive + negative), 0.0)
    weights = np.where(there, scale * positive, 1.0), np.where(there, scale * negative, 1.0)
    return weights[0].astype("float32"), weights[1].astype("float32")


def weighted(y, losses, weights: tuple[np.ndarray, np.ndarray], link: str):
    """Weigh the elements of a loss, (B,) under softmax, (B, K) under sigmoid."""
    positive, negative = weights
    if link == "softmax":
        return losses * ops.sum(y * positive, axis=-1)
    return losses * (y * positive + (1 - y) * negative)


def log_ratio(weights: tuple[np.ndarray, np.ndarray], link: str) -> np.ndarray:
    """Return by how much the weights move the logits (K,) of a network that knows nothing."""
    return np.log(weights[0]) if link == "softmax" else np.log(weights[0] / weights[1])


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    link, smoothing = hp["link"], hp["label_smoothing"]
    weights = balanced_weights(counts, hp["beta"], link)
    return MaskedLoss(
        lambda y, z: weighted(y, cross_entropy(y, z, link, smoothing), weights, link),
        link,
        "class_balanced",
        log_ratio(weights, link),
    )


register_loss("class_balanced", build, {**BETA, **SMOOTHING})
