"""Repeat-factor sampling: a row is repeated for the rarest class that it has; made for multi-label data.

Gupta et al. 2019, LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR:
r_c = max(1, sqrt(t / f_c)) for a class that a share f_c of the rows has; a row has the largest factor of its
classes.
"""

from __future__ import annotations

import numpy as np

from data_utils.layout import UNKNOWN
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.passes import shuffled_passes
from data_utils.samplers.registry import register_sampler

DECLARED = {
    "repeat_threshold": {
        "type": "float",
        "default": 0.1,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Prevalence t below which a class is repeated, by sqrt(t / prevalence).",
    },
}


def repeat_factors(targets: np.ndarray, threshold: float) -> np.ndarray:
    """(n,) float factors, 1 or more.

    Args:
        targets: (n, K) uint8; prevalence is over the rows in which a class is known.
    """
    positive = targets == 1
    prevalence = positive.sum(axis=0) / np.maximum((targets != UNKNOWN).sum(axis=0), 1)
    of_class = np.maximum(1.0, np.sqrt(threshold / np.maximum(prevalence, 1 / len(targets))))
    return np.where(positive, of_class, 1.0).max(axis=1)


class RepeatFactor:
    """Shuffled passes in which a row comes its factor of times; a fraction is settled by lot each pass."""

    def __init__(self, targets: np.ndarray, threshold: float) -> None:
        self.factors = repeat_factors(targets, threshold)
        self.pass_length = round(self.factors.sum())

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        rows = np.empty(0, np.int64)
        while len(rows) < size:
            rows = np.concatenate([rows, self._one_pass(rng)])
        return Drawn(rows[:size])

    def _one_pass(self, rng: np.random.Generator) -> np.ndarray:
        whole = np.floor(self.factors).astype(np.int64)
        times = whole + (rng.random(len(whole)) < self.factors - whole)
        return shuffled_passes(np.repeat(np.arange(len(times)), times), int(times.sum()), rng)


register_sampler(
    "repeat_factor", lambda train, hp: RepeatFactor(train.targets, hp["repeat_threshold"]), DECLARED
)
