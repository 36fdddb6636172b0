"""Everything that a report is made of, read once: ranking, doubt, predictions, card, and the sweep's YAML."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from rarebeat import doubt
from rarebeat.backend import client_errors
from rarebeat.check import read_text
from rarebeat.configurations import together
from rarebeat.doubt import Doubts
from rarebeat.ranking import Ranking, rank, varying
from rarebeat.sweep_runs import Entry, find_sweep, read_sweep
from training.card import NAME, read_card
from training.predictions import Predictions

if TYPE_CHECKING:
    import wandb

# They differ from run to run without being a choice.
NO_CHOICE = ("seed", "data")


@dataclass(frozen=True, eq=False)
class Evidence:
    """A sweep as it stands.

    Attributes:
        predictions: by run id, of the runs that have logged them.
        config: the sweep's configuration, as the server has it.
        question: what the sweep's file or description asks; empty without either.
        card: of the best run's model; None where that has none any more.
        dataset: training and validation; None where no file was given.
    """

    ranking: Ranking
    doubts: Doubts
    predictions: Mapping[str, Predictions]
    config: Mapping[str, Any] = field(default_factory=dict)
    question: str = ""
    card: Mapping[str, Any] | None = None
    dataset: Dataset | None = None

    @property
    def best(self) -> Entry | None:
        """The best run that has predictions; of a configuration of several runs its first."""
        runs = (run for entry in self.ranking.ranked for run in entry.members or (entry,))
        return next((run for run in runs if run.id in self.predictions), None)

    @property
    def task(self) -> str:
        """As the card has it; else "multiclass" where each row of the best run has exactly one class."""
        if self.card:
            return self.card["task"]
        target = self.predictions[self.best.id].target
        return "multiclass" if (target.max() == 1 and (target.sum(axis=1) == 1).all()) else "multilabel"

    @property
    def shift(self) -> np.ndarray | None:
        """(K,) which prior correction added to the best run's logits."""
        if not self.card or not self.best.config.get("prior_correction") or "calibration" not in self.card:
            return None
        offset = self.card["calibration"]["offset"]
        return np.array([offset[name] for name in self.card["classes"]])


def settings(entries: Sequence[Entry], ranking: Ranking) -> dict[str, list[object]]:
    """By name of each hyperparameter that differs, its value in each entry; None where it has no effect."""
    names = [name for name in varying(ranking) if name not in NO_CHOICE]
    values = {
        name: [None if name in entry.inactive else entry.config.get(name) for entry in entries]
        for name in names
    }
    return {name: each for name, each in values.items() if any(value is not None for value in each)}


def gather(api: wandb.Api, path: str, source: Path | None, data: Path | None) -> Evidence:
    """Read a sweep, all predictions of its finished runs, and the card of the best.

    Args:
        source: the sweep's YAML, whose first comments are the question.
        data: the training file, from which beats are drawn.

    Raises:
        BadInput: no such sweep, nothing finished, or a file of other data.
    """
    question = header(read_text(str(source))) if source else ""
    sweep = find_sweep(api, path)
    ranking = together(rank(read_sweep(api, sweep)))
    with client_errors():
        config = dict(sweep.config)
    dataset = _same_data(open_dataset(data), ranking) if data else None
    found: dict[str, Predictions] = {}
    read = _remembering(found, lambda run: doubt.read_run(api, run))
    doubts = doubt.resample(ranking, doubt.TOP, read)
    for entry in ranking.ranked:
        for run in entry.members or (entry,):
            read(run)
    evidence = Evidence(ranking, doubts, found, config, question or config.get("description") or "")
    card = _card(api, evidence.best) if evidence.best else None
    return Evidence(ranking, doubts, found, config, evidence.question, card, dataset)


def header(text: str) -> str:
    """The comments that a YAML begins with, without their marks.

    Example:
        >>> header("# Which loss?\\n#   At what cost?\\n\\nmethod: grid # not this")
        'Which loss?\\n  At what cost?'
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(re.sub("^# ?", "", line))
    return "\n".join(lines).strip()


def _remembering(
    found: dict[str, Predictions], read: Callable[[Entry], Predictions | None]
) -> Callable[[Entry], Predictions | None]:
    """Reading predictions only once; what is found is kept in `found`."""
    asked: set[str] = set()

    def once(run: Entry) -> Predictions | None:
        if run.id not in asked:
            asked.add(run.id)
            predictions = read(run)
            if predictions is not None:
                found[run.id] = predictions
        return found.get(run.id)

    return once


def _same_data(dataset: Dataset, ranking: Ranking) -> Dataset:
    used = {str(entry.dataset.get("digest")) for entry in ranking.ranked}
    if dataset.sealed:
        raise BadInput(
            f"{dataset.path} is the sealed test side: give the training file, whose rows were predicted"
        )
    if used != {dataset.digest}:
        raise BadInput(
            f"{dataset.path} has digest {dataset.digest[:12]} and the runs used "
            f"{', '.join(d[:12] for d in sorted(used))}: "
            "give the file that they were trained on"
        )
    return dataset


def _card(api: wandb.Api, run: Entry) -> Mapping[str, Any] | None:
    """The card beside the run's model, without the model."""
    with tempfile.TemporaryDirectory(prefix="rarebeat-") as folder, client_errors():
        for artifact in api.run(run.path).logged_artifacts():
            if artifact.type == "model" and NAME in artifact.manifest.entries:
                artifact.get_entry(NAME).download(root=folder, skip_cache=True)
        return read_card(Path(folder)) if (Path(folder) / NAME).is_file() else None


def as_yaml(config: Mapping[str, Any]) -> str:
    """The sweep's configuration as a file that makes it again."""
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
