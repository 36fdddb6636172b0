"""How sure a leaderboard is: intervals by patient, and which runs are tied with the first."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track

from data_utils.errors import BadInput
from rarebeat.backend import client_errors
from rarebeat.ranking import Ranking
from rarebeat.sweep_runs import Entry
from rarebeat.tables import console
from rarebeat.winner import corrected_best, is_tie
from training.bootstrap import FEWEST_PATIENTS, interval
from training.metric_names import OBJECTIVE
from training.metrics import FEWEST_PATIENTS as FEWEST_OF_CLASS
from training.objective import influences, objective, resampled_objective
from training.predictions import Predictions, read_predictions

if TYPE_CHECKING:
    import wandb

METRIC = f"best/{OBJECTIVE}"
RESAMPLES = 1000
# A run takes 2 to 3 s; whoever compares more than these asks for it.
TOP = 10
# The predictions must give the logged objective again; float32 logits move it in the seventh place.
TOLERANCE = 1e-4
ROUNDING = 1e-9


@dataclass(frozen=True)
class Doubt:
    """A run's 95 % interval by patient, and whether it is tied with the first: None where it cannot be told.

    Two runs are tied when the interval of their difference, over the same draws of patients, holds 0.
    """

    low: float
    high: float
    tied: bool | None


@dataclass(frozen=True)
class Doubts:
    """What is known of the first runs of a ranking, by run id, and on how many patients it rests.

    Attributes:
        corrected: what the first is worth, corrected for having been picked of `candidates`; None where that
            cannot be told.
    """

    runs: Mapping[str, Doubt] = field(default_factory=dict)
    patients: int = 0
    corrected: float | None = None
    candidates: int = 0

    @property
    def tied(self) -> int:
        """How many runs are tied with the first, itself included."""
        return sum(doubt.tied is True for doubt in self.runs.values())

    def notices(self) -> list[str]:
        """What has to be said beside the intervals."""
        if not self.patients:
            return []
        if not self.runs:
            return [
                f"TOO FEW PATIENTS ({self.patients}): fewer than {FEWEST_OF_CLASS} have one of the classes, "
                "so there are no intervals, and nothing says which of the first are tied."
            ]
        said = [f"Intervals: 95 %, from {RESAMPLES} draws of {self.patients} patients within their folds."]
        if self.patients < FEWEST_PATIENTS:
            said.append(f"TOO FEW PATIENTS ({self.patients}): the intervals are far too narrow.")
        if self.corrected is not None:
            said.append(
                f"Corrected for having picked the first of {self.candidates}: {self.corrected:.4f} is what "
                "to expect of it on other patients of this kind."
            )
        if self.tied > 1:
            said.append(f"Tied (=): these patients cannot tell {self.tied} of the first runs apart.")
        return said


def measure(api: wandb.Api, ranking: Ranking, top: int) -> Doubts:
    """Resample the first `top` entries of a ranking by patient, from the predictions of their runs.

    Only `best/macro_auprc` can be resampled; for any other metric, and for runs without predictions, there is
    nothing to say.
    """
    return resample(ranking, top, lambda run: read_run(api, run))


def resample(ranking: Ranking, top: int, read: Callable[[Entry], Predictions | None]) -> Doubts:
    """As `measure`, with predictions from wherever `read` finds those of a run."""
    if ranking.metric != METRIC or not top:
        return Doubts()
    found = [
        one for place, entry in enumerate(_shown(ranking.ranked)) if (one := _draw(entry, place < top, read))
    ]
    first = found[0] if found and found[0].id == ranking.ranked[0].id else None
    runs = {}
    for one in found:
        limits = None if one.drawn is None else interval(one.drawn)
        if limits is not None:
            runs[one.id] = Doubt(*limits, _tied(first, one))
    patients = max((one.patients for one in found if one.drawn is not None), default=0)
    # What gives no interval gives no better estimate either.
    corrected = _corrected(found, ranking) if runs else None
    return Doubts(runs, patients, corrected, len(ranking.ranked))


@dataclass(frozen=True)
class _Drawn:
    """One entry: its objective over draws of patients, and what each patient adds to it."""

    id: str
    split_digest: str
    patients: int
    drawn: np.ndarray | None
    added: np.ndarray


def _draw(entry: Entry, draw: bool, read: Callable[[Entry], Predictions | None]) -> _Drawn | None:
    """The mean over the entry's runs; None where one has no predictions, or they were split differently."""
    runs = entry.members or (entry,)
    digests, drawn, added, patients = set(), [], [], 0
    for run in runs:
        predictions = _checked(run, read)
        if predictions is None:
            return None
        how = predictions, run.dataset["ranked_classes"], run.config["link"]
        digests.add(predictions.split_digest)
        patients = len(np.unique(predictions.group))
        added.append(influences(*how))
        if draw:
            drawn.append(resampled_objective(*how, RESAMPLES))
    if len(digests) > 1:
        return None
    mean = np.mean(drawn, axis=0) if draw else None
    return _Drawn(entry.id, digests.pop(), patients, mean, np.mean(added, axis=0))


def _corrected(found: Sequence[_Drawn], ranking: Ranking) -> float | None:
    """All that could have been picked have to be there, on one split."""
    whole = len(found) == len(ranking.ranked) > 1 and len({one.split_digest for one in found}) == 1
    if not whole:
        return None
    value = corrected_best(np.array([one.added for one in found]))
    return value if np.isfinite(value) else None


def _shown(entries: Sequence[Entry]) -> Iterable[Entry]:
    """The entries with a progress bar on stderr, where somebody looks at it."""
    to = console(sys.stderr)
    return track(entries, "Resampling patients", console=to, transient=True, disable=not to.is_terminal)


def _tied(first: _Drawn | None, one: _Drawn) -> bool | None:
    if first is None or first.drawn is None or first.split_digest != one.split_digest:
        return None
    told = first.drawn[np.isfinite(first.drawn)]
    if not len(told) or np.ptp(told) < ROUNDING:
        # One patient, or classes of one each: whatever is drawn is the same, which tells nothing of others.
        return None
    difference = interval(first.drawn - one.drawn)
    return None if difference is None else is_tie(difference)


def _checked(run: Entry, read: Callable[[Entry], Predictions | None]) -> Predictions | None:
    """The run's predictions; None where there are none, or where they do not give its objective."""
    predictions = read(run)
    if predictions is None:
        return None
    try:
        value = objective(predictions, run.dataset["ranked_classes"], run.config["link"])
    except (KeyError, ValueError):
        return None
    return predictions if abs(value - run.summary[METRIC]) < TOLERANCE else None


def read_run(api: wandb.Api, run: Entry) -> Predictions | None:
    """The predictions that a run has logged, if it has."""
    with tempfile.TemporaryDirectory(prefix="rarebeat-") as folder, client_errors():
        for artifact in api.run(run.path).logged_artifacts():
            if artifact.type == "predictions":
                artifact.download(root=folder, skip_cache=True)
        try:
            return read_predictions(Path(folder))
        except BadInput:
            return None
