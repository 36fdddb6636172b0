"""Random oversampling: rows of rare classes repeated, as they are or with noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_utils.dataset import Side
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.goals import TARGET, raised
from data_utils.samplers.passes import shuffled_passes
from data_utils.samplers.registry import register_sampler
from data_utils.samplers.strata import members

NOISE = {
    "noise_sigma": {
        "type": "float",
        "default": 0.05,
        "min": 0.0,
        "max": 10.0,
        "meaning": "Standard deviation in mV of the white noise on repeated rows (with scaling: window in "
        "deviations of the window).",
    },
}


class Resample:
    """Shuffled passes over a list that has `goals[stratum]` rows of each stratum.

    A stratum is repeated whole as often as that takes. What does not divide is filled by rows that are drawn
    anew each epoch, so that no row is favoured; so are the rows of a stratum that is cut.

    Args:
        members: stratum -> (m,) positions of its rows.
        goals: stratum -> rows of it in one pass.
        sigma: mV of noise on every row but the first of its kind in a pass.
    """

    def __init__(
        self, members: Mapping[int, np.ndarray], goals: Mapping[int, int], sigma: float = 0.0
    ) -> None:
        self.members = members
        self.goals = goals
        self.pass_length = sum(goals.values())
        copies = [np.arange(goal) >= len(members[stratum]) for stratum, goal in goals.items()]
        self.noise = sigma * np.concatenate(copies).astype(np.float32) if sigma else None

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        repeated = [shuffled_passes(self.members[each], goal, rng) for each, goal in self.goals.items()]
        once = Drawn(np.concatenate(repeated), noise=self.noise)
        return once.take(shuffled_passes(np.arange(self.pass_length), size, rng))


def oversample(train: Side, hp: Mapping, sigma: float = 0.0) -> Resample:
    """Rows of every class repeated up to `sampler_target`."""
    rows = members(train.targets)
    counts = {stratum: len(each) for stratum, each in rows.items()}
    return Resample(rows, raised(hp["sampler_target"], counts, train.dataset.classes), sigma)


register_sampler("oversample", oversample, TARGET)
register_sampler(
    "oversample_noise", lambda train, hp: oversample(train, hp, hp["noise_sigma"]), TARGET | NOISE
)
