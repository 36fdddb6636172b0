"""Draws with replacement: a class by its probability, then a row of it, all alike.

Kang et al. 2020, Decoupling Representation and Classifier for Long-Tailed Recognition, ICLR: p_c ~ n_c^q.
"""

from __future__ import annotations

import numpy as np

from data_utils.samplers.drawn import Drawn
from data_utils.samplers.strata import members


class ClassDraws:
    """Rows drawn so that class c has probability n_c^power / sum n^power, and rows within it are alike.

    Args:
        targets: (n, K) uint8 of the training side.
        power: 1 draws as in the data, 0.5 by the square root, 0 every class alike; or such a number for the
            beginning of a run and one for its end, between whose probabilities the draws go over linearly.
    """

    def __init__(self, targets: np.ndarray, power: float | tuple[float, float]) -> None:
        self.members = list(members(targets).values())
        self.pass_length = len(targets)
        counts = np.array([len(rows) for rows in self.members], dtype=float)
        powers = power if isinstance(power, tuple) else (power, power)
        self.first, self.last = (counts**each / (counts**each).sum() for each in powers)

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        probability = (1 - progress) * self.first + progress * self.last
        chosen = rng.choice(len(self.members), size=size, p=probability)
        drawn = np.empty(size, np.int64)
        for stratum, rows in enumerate(self.members):
            here = chosen == stratum
            drawn[here] = rng.choice(rows, size=int(here.sum()))
        return Drawn(drawn)
