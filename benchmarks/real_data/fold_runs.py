"""What a configuration comes to on patient folds, epoch by epoch, kept outside the repository.

Neither the program's early stopping nor its "best so far" is used, since both look at the fold that they are
measured on: an epoch (or a number of trees) is one more hyperparameter, the same for all folds, and a peer's
number of trees is chosen the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from data_utils.dataset import Dataset
from data_utils.loader import Examples
from training import boosting
from training.batches import predict
from training.fit import fit_member
from training.folds import ranked_classes, validation_sides
from training.hyperparameters import resolve

# A curve's area by class after each epoch of each fold: [fold][epoch][class].
Curves = list[list[dict[str, float]]]


class Kept:
    """Results on disk, by what they depend on, so that a second call only fills gaps."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def get(self, depends: Mapping, make: Callable[[], object]) -> object:
        """Return what was kept for `depends`, or make and keep it."""
        text = json.dumps(depends, sort_keys=True)
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
        if not path.exists():
            made = {"of": depends, "found": make()}
            path.with_suffix(".part").write_text(json.dumps(made))
            path.with_suffix(".part").rename(path)
        return json.loads(path.read_text())["found"]


def curves(dataset: Dataset, given: Mapping, kept: Kept, measure: str = "auprc") -> Curves:
    """Train what `given` says on each of its folds.

    Args:
        given: hyperparameters that differ from their defaults; `folds` among them.
        measure: "auprc" or "auroc".
    """
    hp = resolve({**given, "patience": 10000}, dataset.task)
    ranked, _ = ranked_classes(validation_sides(hp, dataset), dataset.classes)

    def of_fold(fold: int) -> list[dict[str, float]]:
        rows: list[dict[str, float]] = []
        fit_member(hp, dataset, ranked, rows.append, fold)
        # A class that the fold lacks has neither.
        return [{name: row.get(f"val/{measure}/{name}", np.nan) for name in dataset.classes} for row in rows]

    asked = {"given": dict(given)} | ({} if measure == "auprc" else {"measure": measure})
    return [
        kept.get({**asked, "fold": fold, "data": dataset.digest}, lambda f=fold: of_fold(f))
        for fold in range(hp["folds"])
    ]


class _AfterEpoch(keras.callbacks.Callback):
    """Keeps the weights that an epoch, counted from 0, ends with."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch, self.weights = epoch, []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if epoch == self.epoch:
            self.weights = self.model.get_weights()


def left_out(dataset: Dataset, given: Mapping, epoch: int, kept: Kept) -> list[np.ndarray]:
    """Return the logits (n, K) of each fold's validation side after `epoch`, counted from 0."""
    hp = resolve({**given, "patience": 10000}, dataset.task)
    trees = hp["model"] in boosting.MODELS
    if trees:
        # One epoch of all rounds: no better one is looked for.
        hp |= {"epochs": 1, "boost_trees": hp["boost_trees"] * (epoch + 1)}
    ranked, _ = ranked_classes(validation_sides(hp, dataset), dataset.classes)

    def of_fold(fold: int) -> list[list[float]]:
        after = _AfterEpoch(epoch)
        guards = [] if trees else [after]
        member = fit_member(hp, dataset, ranked, lambda row: None, fold, guards=lambda _: guards)
        if trees:
            return member.logits.tolist()
        member.model.set_weights(after.weights)
        return predict(member.model, Examples(member.validation, member.preparation)).tolist()

    asked = {"logits of": dict(given), "epoch": epoch, "data": dataset.digest}
    folds = range(hp["folds"])
    return [np.array(kept.get({**asked, "fold": fold}, lambda f=fold: of_fold(f))) for fold in folds]


def chosen_epoch(found: Sequence[Curves], ranked: Sequence[str]) -> int:
    """Return the epoch, from 0, whose macro area is largest as a mean over seeds and folds."""
    return int(macro(found, ranked).mean(axis=(0, 1)).argmax())


def macro(found: Sequence[Curves], ranked: Sequence[str]) -> np.ndarray:
    """Macro area (seeds, folds, epochs) over the classes `ranked`."""
    return np.array(
        [[[np.mean([row[name] for name in ranked]) for row in fold] for fold in one] for one in found]
    )
