"""Which hyperparameters the finished runs say matter, and how sure that is.

A random forest is fitted to draws of the runs; a hyperparameter matters as much as the runs left out are
predicted worse with its values shuffled among them (Breiman 2001). The forest knows only the runs that there
are, so each draw's answer differs, and the spread of the answers is the doubt.

As a process (`python -m rarebeat.search.importance`) it reads {"settings": …, "value": …} as JSON and writes
the answer, null or an object, for a server that has requests to answer meanwhile.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

FEWEST_RUNS = 10
DRAWS = 30
TREES = 30
SHUFFLES = 3
# A hyperparameter without effect in a run lies below all values that it can have.
ABSENT = -1.0


@dataclass(frozen=True)
class Importance:
    """Of each hyperparameter, most important first: how much of the objective's variance over the left out
    runs is lost without it, the mean and the middle 90 % of draws; and `explained`, (value, low, high), how
    much of that variance the forest predicts at all.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    explained: tuple[float, float, float]


def importance(
    settings: Mapping[str, Sequence[object]], value: Sequence[float], seed: int = 0
) -> Importance | None:
    """Return what matters; None with under ten runs, or where all do alike.

    Args:
        settings: name -> n values, None where it has no effect.
        value: (n,) objective.
        seed: of draws and trees.
    """
    y = np.asarray(value, float)
    if len(y) < FEWEST_RUNS or not settings or np.ptp(y) == 0:
        return None
    columns = [encode(values) for values in settings.values()]
    rng = np.random.default_rng(seed)
    found = [one for _ in range(DRAWS) if (one := _draw(columns, y, rng)) is not None]
    if not found:
        return None
    lost = np.array([one for one, _ in found])
    mean, (low, high) = lost.mean(axis=0), np.percentile(lost, (5, 95), axis=0)
    order = np.argsort(-mean, kind="stable")
    explained = np.array([share for _, share in found])
    names = list(settings)
    return Importance(
        tuple(names[i] for i in order),
        *(tuple(part[order].tolist()) for part in (mean, low, high)),
        (float(explained.mean()), *map(float, np.percentile(explained, (5, 95)))),
    )


def encode(values: Sequence[object]) -> np.ndarray:
    """Return (n, c) of one hyperparameter: numbers by their rank, words as a column each."""
    known = [value for value in values if value is not None]
    if all(isinstance(value, int | float) for value in known):
        # Trees ask only for the order, so that no scale has to be chosen.
        ranks = {value: float(place) for place, value in enumerate(sorted(set(known)))}
        return np.array([[ABSENT if value is None else ranks[value]] for value in values])
    names = sorted({str(value) for value in known})
    return np.array([[float(value is not None and str(value) == name) for name in names] for value in values])


def _draw(
    columns: Sequence[np.ndarray], y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, float] | None:
    """What each hyperparameter adds, and what all explain, on the runs that a draw leaves out."""
    from sklearn.ensemble import RandomForestRegressor

    drawn = rng.integers(len(y), size=len(y))
    out = np.setdiff1d(np.arange(len(y)), drawn)
    if len(out) < 3 or np.ptp(y[out]) == 0:
        return None
    x = np.hstack(columns)
    seed = int(rng.integers(2**31))
    forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=seed).fit(x[drawn], y[drawn])
    # All shuffled tables in one call: predicting costs by the call.
    tables = [x[out]]
    ends = np.cumsum([0, *(column.shape[1] for column in columns)])
    for begin, end in pairwise(ends):
        for _ in range(SHUFFLES):
            shuffled = x[out].copy()
            shuffled[:, begin:end] = rng.permutation(shuffled[:, begin:end])
            tables.append(shuffled)
    error = ((forest.predict(np.vstack(tables)).reshape(len(tables), -1) - y[out]) ** 2).mean(axis=1)
    error /= y.var()
    return error[1:].reshape(len(columns), SHUFFLES).mean(axis=1) - error[0], 1 - float(error[0])


def main() -> None:
    found = importance(**json.load(sys.stdin))
    print(json.dumps(found and asdict(found)))


if __name__ == "__main__":
    main()
