"""Balanced softmax: cross-entropy of z + log n (Ren et al. 2020, "Balanced Meta-Softmax for Long-Tailed
Visual Recognition").

A constant added to all logits changes no softmax, so it is the logit-adjusted loss at tau 1, and under
sigmoid
it is taken as that: each class with log(positives / negatives) added.
"""

from __future__ import annotations

from collections.abc import Mapping

from training.losses.ce import SMOOTHING
from training.losses.counts import ClassCounts
from training.losses.logit_adjusted import adjusted
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    return adjusted(counts, 1.0, hp["label_smoothing"], hp["link"], "balanced_softmax")


register_loss("balanced_softmax", build, SMOOTHING)
