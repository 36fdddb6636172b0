"""Losses from logits, by name: targets (B, K) with 255 for unknown, logits (B, K), one number a batch."""

from training.losses import ce, focal, weighted_ce  # noqa: F401  (each registers itself)
from training.losses.counts import ClassCounts
from training.losses.registry import build_loss, hyperparameters, register_loss

__all__ = ["ClassCounts", "build_loss", "hyperparameters", "register_loss"]
