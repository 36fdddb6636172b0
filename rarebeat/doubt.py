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
from training.bootstrap import FEWEST_PATIENTS, interval
from training.metric_names import OBJECTIVE
from training.objective import objective, resampled_objective
from training.predictions import Predictions, read_predictions

if TYPE_CHECKING:
    import wandb

METRIC = f"best/{OBJECTIVE}"
RESAMPLES = 1000
# A run takes 2 to 3 s; whoever compares more than these asks for it.
TOP = 10
# The predictions must give the logged objective again; float32 logits move it in the seventh place.
TOLERANCE = 1e-4


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
    """What is known of the first runs of a ranking, by run id, and on how many patients it rests."""

    runs: Mapping[str, Doubt] = field(default_factory=dict)
    patients: int = 0

    @property
    def tied(self) -> int:
        """How many runs are tied with the first, itself included."""
        return sum(doubt.tied is True for doubt in self.runs.values())

    def notices(self) -> list[str]:
        """What has to be said beside the intervals."""
        if not self.runs:
            return []
        said = [f"Intervals: 95 %, from {RESAMPLES} draws of {self.patients} patients within their folds."]
        if self.patients < FEWEST_PATIENTS:
            said.append(f"TOO FEW PATIENTS ({self.patients}): the intervals are far too narrow.")
        if self.tied > 1:
            said.append(f"Tied (=): these patients cannot tell {self.tied} of the first runs apart.")
        return said


def measure(api: wandb.Api, ranking: Ranking, top: int) -> Doubts:
    """Resample the first `top` runs of a ranking by patient, from their predictions.

    Only `best/macro_auprc` can be resampled; for any other metric, and for runs without predictions, there is
    nothing to say.
    """
    return resample(ranking, top, lambda entry: _predictions_of(api, ranking, entry))


def resample(ranking: Ranking, top: int, read: Callable[[Entry], Predictions | None]) -> Doubts:
    """As `measure`, with predictions from wherever `read` finds those of a run."""
    if ranking.metric != METRIC:
        return Doubts()
    first: tuple[str, np.ndarray] | None = None
    runs: dict[str, Doubt] = {}
    patients = 0
    for place, entry in enumerate(_shown(ranking.ranked[:top])):
        predictions = read(entry)
        if predictions is None:
            continue
        values = resampled_objective(
            predictions, entry.dataset["ranked_classes"], entry.config["link"], RESAMPLES
        )
        if place == 0:
            first = predictions.split_digest, values
        if (found := interval(values)) is not None:
            runs[entry.id] = Doubt(*found, _tied(first, predictions.split_digest, values))
            patients = max(patients, len(np.unique(predictions.group)))
    return Doubts(runs, patients)


def _shown(entries: Sequence[Entry]) -> Iterable[Entry]:
    """The entries with a progress bar on stderr, where somebody looks at it."""
    to = console(sys.stderr)
    return track(entries, "Resampling patients", console=to, transient=True, disable=not to.is_terminal)


def _tied(first: tuple[str, np.ndarray] | None, split_digest: str, values: np.ndarray) -> bool | None:
    if first is None or first[0] != split_digest:
        return None
    difference = interval(first[1] - values)
    return None if difference is None else difference[0] <= 0 <= difference[1]


def _predictions_of(api: wandb.Api, ranking: Ranking, entry: Entry) -> Predictions | None:
    """The run's predictions; None where there are none, or where they do not give its objective."""
    with tempfile.TemporaryDirectory(prefix="rarebeat-") as folder, client_errors():
        project = ranking.runs.path.rsplit("/", 1)[0]
        for artifact in api.run(f"{project}/{entry.id}").logged_artifacts():
            if artifact.type == "predictions":
                artifact.download(root=folder, skip_cache=True)
        try:
            predictions = read_predictions(Path(folder))
            value = objective(predictions, entry.dataset["ranked_classes"], entry.config["link"])
        except (BadInput, KeyError):
            return None
    return predictions if abs(value - ranking.value(entry)) < TOLERANCE else None
