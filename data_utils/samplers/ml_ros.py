"""ML-ROS: rows with a minority label are repeated, until it is no rarer than labels are on average.

Charte et al. 2015, Addressing imbalance in multilabel classification, Neurocomputing 163: a label's imbalance
is the most frequent label's count by its own, and those above the mean imbalance are minority labels.
"""

from __future__ import annotations

import numpy as np

from data_utils.samplers.drawn import Drawn
from data_utils.samplers.passes import FixedList
from data_utils.samplers.registry import register_sampler

DECLARED = {
    "clone_share": {
        "type": "float",
        "default": 0.25,
        "min": 0.0,
        "max": 10.0,
        "meaning": "Clones at most, as a share of the training rows (the paper tries 0.1, 0.2 and 0.25).",
    },
}


def imbalance(counts: np.ndarray) -> np.ndarray:
    """(K,) the most frequent label's count by each label's own; NaN for a label without rows."""
    return np.where(counts > 0, counts.max(initial=0) / np.maximum(counts, 1), np.nan)


def clones(targets: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """(m,) int64 rows to repeat, m at most `share` of the rows of `targets` (n, K) uint8.

    One row of each minority label in turn, until a label is no rarer than the mean was at the beginning.
    """
    positive = targets == 1
    counts = positive.sum(axis=0).astype(np.float64)
    if not counts.any():
        return np.empty(0, np.int64)
    mean = np.nanmean(imbalance(counts))
    rows = [np.flatnonzero(column) for column in positive.T]
    left = round(share * len(targets))
    minority = list(np.flatnonzero(imbalance(counts) > mean))
    chosen: list[int] = []
    while minority and len(chosen) < left:
        for label in list(minority)[: left - len(chosen)]:
            row = int(rng.choice(rows[label]))
            chosen.append(row)
            counts += positive[row]
            if imbalance(counts)[label] <= mean:
                minority.remove(label)
    return np.array(chosen, np.int64)


def ml_ros(targets: np.ndarray, share: float, seed: int) -> FixedList:
    """Passes over all rows and their clones, which are the same in every epoch."""
    again = clones(targets, share, np.random.default_rng(seed))
    return FixedList(Drawn(np.concatenate([np.arange(len(targets)), again])))


register_sampler(
    "ml_ros", lambda train, hp: ml_ros(train.targets, hp["clone_share"], hp.get("seed", 0)), DECLARED
)
