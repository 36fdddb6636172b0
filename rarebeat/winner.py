"""What the best of many is really worth, and which of a few can be called the best.

The largest of many estimates is large partly by luck. What is left of it on other patients is estimated by
choosing anew without some patients and looking at what those chosen are worth on them: the winner of nine
tenths of the patients has not been chosen for what it is on the last tenth (Varma & Simon 2006; for
predictions that are there already, Tsamardinos et al. 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.bootstrap import Interval, interval

PARTS = 10
REPEATS = 100


def corrected_best(influences: np.ndarray, seed: int = 0) -> float:
    """Return what the candidate with the largest mean is worth, corrected for having been picked.

    Args:
        influences: (M, G) of M candidates, what each patient adds to the objective; a row's mean is the
            candidate's objective. Larger is better.
        seed: of the ways in which patients are dealt.

    Returns:
        The mean, over patients left out, of the candidate that is best without them. Of one candidate its own
        mean.
    """
    patients = influences.shape[1]
    rng = np.random.default_rng(seed)
    return float(np.mean([_left_out(influences[:, rng.permutation(patients)]) for _ in range(REPEATS)]))


def _left_out(influences: np.ndarray) -> float:
    patients = influences.shape[1]
    starts = np.linspace(0, patients, min(PARTS, patients), endpoint=False).astype(int)
    sizes = np.diff(np.append(starts, patients))
    inside = np.add.reduceat(influences, starts, axis=1)
    others = (influences.sum(axis=1, keepdims=True) - inside) / np.maximum(patients - sizes, 1)
    chosen = np.argmax(others, axis=0)
    return inside[chosen, np.arange(len(starts))].sum() / patients


@dataclass(frozen=True)
class Verdict:
    """The candidate with the largest value, and all that cannot be told from it, itself included.

    Attributes:
        first: its name.
        tied: names, best first; `first` alone where it is the winner.
        differences: by name, the 95 % interval of first minus candidate; None where no draw has all classes.
    """

    first: str
    tied: tuple[str, ...]
    differences: Mapping[str, Interval | None]

    @property
    def decided(self) -> bool:
        """Whether one candidate is named."""
        return len(self.tied) == 1


def decide_winner(values: Mapping[str, float], drawn: Mapping[str, np.ndarray]) -> Verdict:
    """Name the best candidate, or those that are tied for it.

    Two are tied when the 95 % interval of their difference, over the same draws of patients, holds 0, or when
    it cannot be told.

    Args:
        values: objective by candidate; larger is better.
        drawn: (R,) the same for each, resampled over the same draws.
    """
    order = sorted(values, key=lambda name: (-values[name], name))
    first = order[0]
    differences = {name: interval(drawn[first] - drawn[name]) for name in order}
    tied = tuple(name for name in order if is_tie(differences[name]))
    return Verdict(first, tied, differences)


def is_tie(difference: Interval | None) -> bool:
    """Whether the interval of a difference leaves open which is better."""
    return difference is None or difference[0] <= 0 <= difference[1]
