"""Focal loss: examples that are already right count less.

(1 - p_t)^gamma * -log(p_t), where p_t is the probability of what is true (Lin et al. 2017, "Focal Loss for
Dense Object Detection"). gamma 0 is cross-entropy. Under sigmoid positives weigh alpha and negatives
1 - alpha, as in the paper; under softmax a scalar alpha would scale every class alike, which an adaptive
optimiser does not notice, so there it is inactive.

Keras's own focal losses take the sigmoid or softmax first and clip it at 1e-7, which flattens the gradient of
confident mistakes; here everything is a logarithm until the end.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from training.losses.ce import cross_entropy
from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.prior import logits_of
from training.losses.registry import register_loss

HYPERPARAMETERS = {
    "gamma": {
        "type": "float",
        "default": 2.0,
        "min": 0.0,
        "max": 10.0,
        "meaning": "Focusing power: how fast examples that are right lose weight; 0 is cross-entropy.",
    },
    "alpha": {
        "type": "float",
        "default": 0.25,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Weight of positives, 1 - alpha that of negatives; larger gamma wants smaller alpha.",
        "active": {"link": ["sigmoid"]},
    },
}

# Subtracted from the true class's logit to leave it out of a log-sum-exp.
FAR = 1e9


def log_wrong(y_true: keras.KerasTensor, logits: keras.KerasTensor, link: str) -> keras.KerasTensor:
    """Return log(1 - p_t): (B,) under softmax, (B, K) under sigmoid. Finite for any finite logit."""
    if link == "sigmoid":
        return ops.log_sigmoid(logits * (1 - 2 * y_true))
    others = ops.logsumexp(logits - FAR * y_true, axis=-1)
    return others - ops.logsumexp(logits, axis=-1)


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    link, gamma, alpha = hp["link"], hp["gamma"], hp["alpha"]

    def elements(y, z):
        losses = cross_entropy(y, z, link)
        if gamma:
            losses = losses * ops.exp(gamma * log_wrong(y, z, link))
        if link == "sigmoid":
            losses = losses * (alpha * y + (1 - alpha) * (1 - y))
        return losses

    # What gamma does to the logits is a scale, near enough, which the temperature takes back.
    shift = np.full(len(counts.positives), logits_of([alpha], link)[0]) if link == "sigmoid" else None
    return MaskedLoss(elements, link, "focal", shift)


register_loss("focal", build, HYPERPARAMETERS)
