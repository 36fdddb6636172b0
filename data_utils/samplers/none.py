"""No resampling: shuffled passes over the side as it is."""

from __future__ import annotations

import numpy as np

from data_utils.samplers.drawn import Drawn
from data_utils.samplers.passes import shuffled_passes
from data_utils.samplers.registry import register_sampler


class NoResampling:
    """Every row once per pass."""

    def __init__(self, targets: np.ndarray) -> None:
        self.pass_length = len(targets)

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        return Drawn(shuffled_passes(np.arange(self.pass_length), size, rng))


register_sampler("none", lambda train, hp: NoResampling(train.targets))
