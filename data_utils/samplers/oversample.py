"""Random oversampling: the rows of every class repeated until it has as many as the most frequent class."""

from __future__ import annotations

import numpy as np

from data_utils.samplers.drawn import Drawn
from data_utils.samplers.passes import shuffled_passes
from data_utils.samplers.registry import register_sampler
from data_utils.samplers.strata import members


class Oversample:
    """Shuffled passes over a list in which every class has the majority's count.

    What does not divide is filled by rows that are drawn anew each epoch, so that no row is favoured.
    """

    def __init__(self, targets: np.ndarray) -> None:
        self.members = members(targets)
        self.majority = max(len(rows) for rows in self.members)
        self.pass_length = self.majority * len(self.members)

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        repeated = np.concatenate([shuffled_passes(rows, self.majority, rng) for rows in self.members])
        return Drawn(shuffled_passes(repeated, size, rng))


register_sampler("oversample", lambda train, hp: Oversample(train.targets))
