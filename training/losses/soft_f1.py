"""Soft macro F1: one minus the mean F1 of the classes, of probabilities in place of decisions (Benedict et
al. 2022, "sigmoidF1: A Smooth F1 Score Surrogate Loss for Multilabel Classification").

2 TP / (2 TP + FP + FN), which is the Tversky index at one half and one half (`training.losses.tversky`, which
says what batches it needs).
"""

from __future__ import annotations

from collections.abc import Mapping

from training.losses.counts import ClassCounts
from training.losses.registry import register_loss
from training.losses.tversky import OverlapLoss


def build(hp: Mapping, counts: ClassCounts) -> OverlapLoss:
    return OverlapLoss(0.5, 0.5, hp["link"], "soft_f1")


register_loss("soft_f1", build, {})
