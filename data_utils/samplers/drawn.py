"""What a sampler gives: recipes of training examples, never copies of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Drawn:
    """Recipes: example i is lam * row + (1 - lam) * mate + noise * N(0, 1), with the row's target.

    Attributes:
        rows: (size,) int64 positions of the training side.
        mates: (size,) int64 positions of the training side, or None: every example is its row.
        lam: (size,) float32 share of the row, 0 to 1; None where there are no mates.
        noise: (size,) float32 standard deviation in mV of white noise (in deviations of the window where
            windows are scaled), or None.
    """

    rows: np.ndarray
    mates: np.ndarray | None = None
    lam: np.ndarray | None = None
    noise: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: np.ndarray | slice) -> Drawn:
        """The recipes at `which`, in that order."""
        parts = (self.rows, self.mates, self.lam, self.noise)
        return Drawn(*(None if part is None else part[which] for part in parts))


class Draw(Protocol):
    """What a sampler is, once it is made for a training side."""

    pass_length: int  # how many draws are one pass

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        """`size` recipes; `progress` goes from 0 in the first epoch of a run to 1 in its last."""
        ...
