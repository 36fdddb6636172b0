"""Shuffled passes over a list: everything once before anything is seen again."""

from __future__ import annotations

import numpy as np

from data_utils.samplers.drawn import Drawn


def shuffled_passes(rows: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """(size,) int64 from as many shuffled passes over `rows` as it takes; the last one may be cut."""
    passes = -(-size // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(passes)])[:size]


class FixedList:
    """Shuffled passes over recipes that are the same in every epoch."""

    def __init__(self, recipes: Drawn) -> None:
        self.recipes = recipes
        self.pass_length = len(recipes)

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        return self.recipes.take(shuffled_passes(np.arange(self.pass_length), size, rng))
