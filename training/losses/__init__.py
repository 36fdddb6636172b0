"""Losses from logits, by name: targets (B, K) with 255 for unknown, logits (B, K), one number a batch."""

from training.losses import (  # noqa: F401  (each registers itself)
    asymmetric,
    balanced_softmax,
    ce,
    class_balanced,
    distribution_balanced,
    focal,
    ldam_drw,
    logit_adjusted,
    soft_f1,
    tversky,
    weighted_ce,
)
from training.losses.counts import ClassCounts
from training.losses.deferred import LossProgress
from training.losses.masked import MaskedLoss
from training.losses.registry import build_loss, hyperparameters, register_loss

__all__ = ["ClassCounts", "LossProgress", "MaskedLoss", "build_loss", "hyperparameters", "register_loss"]
