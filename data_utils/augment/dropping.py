"""What is taken from an example: whole leads, or a stretch of time."""

from __future__ import annotations

import numpy as np


def kept_leads(size: int, leads: int, probability: float, rng: np.random.Generator) -> np.ndarray:
    """(B, L) bool: each lead is dropped with `probability`, but one at least stays."""
    kept = rng.random((size, leads)) >= probability
    spared = rng.integers(leads, size=size)
    empty = ~kept.any(axis=1)
    kept[empty, spared[empty]] = True
    return kept


def kept_time(lengths: np.ndarray, length: int, most: float, rng: np.random.Generator) -> np.ndarray:
    """(B, T) bool: False in one stretch, of up to the share `most` of each example's length (B,)."""
    gap = rng.uniform(0, most, len(lengths)) * lengths
    begin = rng.uniform(0, 1, len(lengths)) * (lengths - gap)
    time = np.arange(length)
    return (time < begin[:, None]) | (time >= (begin + gap)[:, None])
