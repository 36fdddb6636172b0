"""What each loss, sampler, architecture or other word-valued choice got for each class.

The runs of a sweep are crossed with its patients: every run has predicted every patient. So a draw is one of
patients and one of runs (pigeonhole bootstrap, Owen 2007), and the interval holds both doubts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rarebeat.sweep_runs import Entry
from training.bootstrap import interval
from training.objective import objective, resampled_objective
from training.predictions import Predictions

DRAWS = 200
MOST_VALUES = 12


@dataclass(frozen=True)
class Effect:
    """Of the runs with one value of a choice, by class: mean AUPRC and its 95 % interval (NaN: none)."""

    value: str
    runs: int
    classes: Mapping[str, tuple[float, float, float]]


def choices(settings: Mapping[str, Sequence[object]]) -> list[str]:
    """Hyperparameters that are words in at least one run, of few different values."""
    return [
        name
        for name, values in settings.items()
        if any(isinstance(value, str | bool) for value in values)
        and len({str(value) for value in values}) <= MOST_VALUES
    ]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A run's AUPRC by class: as it is (K,), and over the same draws of patients for all runs (DRAWS, K)."""

    value: np.ndarray
    draws: np.ndarray


def draw_patients(predictions: Predictions, link: str) -> Drawn:
    """Measure a run class by class, as its objective is measured."""
    names = predictions.classes
    value = np.array([objective(predictions, [name], link) for name in names])
    draws = [
        resampled_objective(predictions, [name], link, DRAWS)
        if np.isfinite(value[k])
        else np.full(DRAWS, np.nan)
        for k, name in enumerate(names)
    ]
    return Drawn(value, np.array(draws).T)


def effects(
    entries: Sequence[Entry], name: str, drawn: Mapping[str, Drawn], classes: Sequence[str], seed: int = 0
) -> list[Effect]:
    """What the runs of each value of one choice got; runs in which it has no effect are left out.

    Args:
        drawn: by run id; runs without predictions are left out too.
    """
    groups: dict[str, list[Drawn]] = {}
    for entry in entries:
        if name in entry.config and name not in entry.inactive and entry.id in drawn:
            groups.setdefault(str(entry.config[name]), []).append(drawn[entry.id])
    rng = np.random.default_rng(seed)
    return [
        Effect(value, len(runs), dict(zip(classes, _classes(runs, rng), strict=True)))
        for value, runs in sorted(groups.items())
    ]


def _classes(runs: Sequence[Drawn], rng: np.random.Generator) -> list[tuple[float, float, float]]:
    value = np.mean([run.value for run in runs], axis=0)
    draws = np.array([run.draws for run in runs])  # (M, DRAWS, K)
    again = rng.integers(len(runs), size=(DRAWS, len(runs)))
    mean = draws[again, np.arange(DRAWS)[:, None]].mean(axis=1)  # (DRAWS, K)
    limits = (interval(mean[:, k]) or (np.nan, np.nan) for k in range(mean.shape[1]))
    return [(float(v), *limit) for v, limit in zip(value, limits, strict=True)]
