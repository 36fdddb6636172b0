"""Distribution-balanced loss: for labels that come together, and negatives that outnumber them (Wu et al.
2020, "Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets").

sigmoid: class c of a row weighs a + sigmoid(b (r - mu)), where r = (1 / n_c) / sum of 1 / n_j over the row's
positives j is how often class-aware sampling would want the row for c against how often it draws it for all
of its labels. Logits are shifted by nu = k log(1 / pi_c - 1), and negatives are tolerated beyond it: y log(1
+ exp(-(z - nu))) + (1 - y) log(1 + exp(l (z - nu))) / l.

softmax: a row has one positive, whose r is 1: nothing is left to weigh but the shift, cross-entropy of z -
nu.

A row without positives takes r towards infinity, the weight a + 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from training.losses.ce import cross_entropy
from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss

# The paper's a and b; mu, l and k are what it tunes.
LIFT, SLOPE = 0.1, 10.0

HYPERPARAMETERS = {
    "rebalance_mu": {
        "type": "float",
        "default": 0.2,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Where re-weighting turns from low to high, in shares of what class-aware sampling wants.",
        "active": {"link": ["sigmoid"]},
    },
    "negative_scale": {
        "type": "float",
        "default": 2.0,
        "min": 1.0,
        "max": 20.0,
        "meaning": "How fast negatives beyond the shifted zero stop to count; 1 treats both sides alike.",
        "active": {"link": ["sigmoid"]},
    },
    "bias_scale": {
        "type": "float",
        "default": 0.05,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Share of the log-prior by which logits are shifted in training.",
    },
}


def row_weights(y: keras.KerasTensor, positives: np.ndarray, mu: float) -> keras.KerasTensor:
    """Return the weight of each class of each row (B, K)."""
    rarity = (1.0 / np.maximum(positives, 1.0)).astype("float32")
    wanted = ops.sum(y * rarity, axis=-1, keepdims=True)  # (B, 1)
    ratio = rarity / ops.where(wanted > 0, wanted, 1.0)
    return LIFT + ops.where(wanted > 0, ops.sigmoid(SLOPE * (ratio - mu)), 1.0)


def tolerant(y: keras.KerasTensor, z: keras.KerasTensor, scale: float) -> keras.KerasTensor:
    """Return the binary cross-entropy (B, K) whose negatives saturate `scale` times as fast."""
    return y * ops.softplus(-z) + (1 - y) * ops.softplus(scale * z) / scale


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    link, mu, scale = hp["link"], hp["rebalance_mu"], hp["negative_scale"]
    # nu = k log(1 / pi - 1), or -k log pi under softmax, is minus the log-prior.
    shift = hp["bias_scale"] * counts.log_prior(link)
    bias = shift.astype("float32")

    def elements(y, z):
        if link == "softmax":
            return cross_entropy(y, z + bias, link)
        return row_weights(y, counts.positives, mu) * tolerant(y, z + bias, scale)

    return MaskedLoss(elements, link, "distribution_balanced", -shift, shift_known=link == "softmax")


register_loss("distribution_balanced", build, HYPERPARAMETERS)
