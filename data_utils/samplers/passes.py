"""Shuffled passes over a list of rows: every row once before any is seen again."""

from __future__ import annotations

import numpy as np


def shuffled_passes(rows: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """(size,) int64 from as many shuffled passes over `rows` as it takes; the last one may be cut."""
    passes = -(-size // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(passes)])[:size]
