"""Cross-entropy in which rare classes weigh more.

softmax: a row weighs what its class weighs. sigmoid: a positive of class c weighs w_c and a negative 1.
Weights of 1 are plain cross-entropy.

The counts are those of the training side as it is: a sampler that already balances the classes and weights on
top of it correct twice.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from keras import ops

from training.losses.ce import SMOOTHING, cross_entropy
from training.losses.class_weights import HYPERPARAMETERS, class_weights
from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    link, smoothing = hp["link"], hp["label_smoothing"]
    weights = class_weights(counts, hp, link)

    def elements(y, z):
        losses = cross_entropy(y, z, link, smoothing)
        if link == "softmax":
            return losses * ops.sum(y * weights, axis=-1)
        return losses * (1 + y * (weights - 1))

    # A weight of 0 leaves a class out; it has no logarithm.
    return MaskedLoss(elements, link, "weighted_ce", np.log(np.maximum(weights, 1e-6)))


register_loss("weighted_ce", build, {**HYPERPARAMETERS, **SMOOTHING})
