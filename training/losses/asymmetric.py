"""Asymmetric loss: easy negatives are let go faster than easy positives, and the easiest entirely.

y (1 - p)^g+ -log(p) + (1 - y) q^g- -log(1 - q), with q = max(p - clip, 0) (Ridnik et al. 2021, "Asymmetric
Loss For Multi-Label Classification"). sigmoid: each class for itself. softmax: the same two terms of softmax
probabilities, summed over the classes of a row. Powers and clip of 0 are, one-vs-rest, cross-entropy.

A false positive that is sure beyond doubt (p near 1) has no gradient when clip is above 0: log(1 - p + clip)
is flat there. That is the paper's.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops

from training.losses.counts import ClassCounts
from training.losses.focal import FAR
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss

HYPERPARAMETERS = {
    "gamma_pos": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 10.0,
        "meaning": "Focusing power of positives; the paper's 0 or 1, below gamma_neg.",
    },
    "gamma_neg": {
        "type": "float",
        "default": 4.0,
        "min": 0.0,
        "max": 10.0,
        "meaning": "Focusing power of negatives: how fast those that are right lose weight.",
    },
    "clip": {
        "type": "float",
        "default": 0.05,
        "min": 0.0,
        "max": 0.5,
        "meaning": "Probability below which a negative costs nothing.",
    },
}


def log_probabilities(logits: keras.KerasTensor, link: str) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return log(p) and log(1 - p) of every class (B, K)."""
    if link == "sigmoid":
        return ops.log_sigmoid(logits), ops.log_sigmoid(-logits)
    # 1 - p is the sum of the others, so that nothing cancels where p is nearly 1.
    own = FAR * ops.eye(logits.shape[-1], dtype=logits.dtype)
    others = ops.logsumexp(logits[:, None, :] - own, axis=-1)
    return ops.log_softmax(logits, axis=-1), others - ops.logsumexp(logits, axis=-1, keepdims=True)


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    link, positive, negative, clip = hp["link"], hp["gamma_pos"], hp["gamma_neg"], hp["clip"]

    def elements(y, z):
        log_p, log_rest = log_probabilities(z, link)
        found = -log_p
        if positive:
            found = found * ops.exp(positive * log_rest)
        p = ops.exp(log_p)
        # No power of 0 is ever taken: below 1 it has an infinite slope.
        beyond = p > clip
        q = ops.where(beyond, p - clip, 1.0)
        spared = -(ops.log(ops.where(beyond, 1.0 - q, 1.0)) if clip else log_rest)
        spared = ops.where(beyond, spared * (ops.power(q, negative) if negative else 1.0), 0.0)
        losses = y * found + (1 - y) * spared
        return ops.sum(losses, axis=-1) if link == "softmax" else losses

    return MaskedLoss(elements, link, "asymmetric", shift_known=not (positive or negative or clip))


register_loss("asymmetric", build, HYPERPARAMETERS)
