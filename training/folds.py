"""One run: a single model, or one model for each patient fold, and the objective as it becomes known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from training.checkpoint import Checkpoints
from training.fit import Guards, Member, fit_member, no_guards
from training.metrics import measurable, rankable

Log = Callable[[dict[str, float]], None]


def validation_sides(hp: Mapping, dataset: Dataset) -> list[Side]:
    """Return the validation side of each fold, or the file's only one.

    Raises:
        BadInput: folds that the file does not have, or a sealed test file.
    """
    folds = [None] if hp["folds"] == 0 else range(hp["folds"])
    return [dataset.sides(hp["folds"], fold)[1] for fold in folds]


def ranked_classes(sides: Sequence[Side], classes: Sequence[str]) -> tuple[list[str], bool]:
    """Return the classes that macro averages are taken over, and whether they have enough to be ranked.

    A class counts when every side can rank it, so that the mean over folds is over the same classes. Where
    there is no such class, those that can be measured at all stand in, and the second value is False.

    Raises:
        BadInput: no class with positives and negatives on every validation side.
    """
    enough = np.all([rankable(side.targets, side.groups) for side in sides], axis=0)
    least = np.all([measurable(side.targets) for side in sides], axis=0)
    if not least.any():
        raise BadInput(
            f"No class of {sides[0].dataset.path} has positives and negatives on every validation side: "
            "take fewer folds or more patients."
        )
    chosen = enough if enough.any() else least
    return [name for name, there in zip(classes, chosen, strict=True) if there], bool(enough.any())


def fit_folds(
    hp: Mapping,
    dataset: Dataset,
    ranked: Sequence[str],
    log: Log,
    checkpoints: Checkpoints | None = None,
    guards: Guards = no_guards,
) -> list[Member]:
    """Fit every member of a run, those that a checkpoint holds excepted.

    Without folds each epoch's row carries the running bests. With folds an epoch's row carries `fold` and no
    bests; they are logged once after each fold, as the mean over the folds so far, so that the objective
    has one value a fold and its last value is the mean of all.
    """
    if hp["folds"] == 0:
        member = fit_member(hp, dataset, ranked, log, None, checkpoints, guards)
        _keep(member, checkpoints)
        return [member]
    members: list[Member] = []
    for fold in range(hp["folds"]):
        finished = checkpoints is not None and checkpoints.member(fold) is not None
        members.append(fit_member(hp, dataset, ranked, _in_fold(fold, log), fold, checkpoints, guards))
        if not finished:
            log({"fold": fold, **mean_best(members)})
            _keep(members[-1], checkpoints)
    return members


def _keep(member: Member, checkpoints: Checkpoints | None) -> None:
    """Keep a finished fold, what it logged included."""
    if checkpoints and not checkpoints.member(member.fold):
        found = {name: getattr(member, name) for name in ("logits", "epoch_best", "metrics", "best")}
        checkpoints.save_member(member.fold, {"weights": member.model.get_weights(), "found": found})


def _in_fold(fold: int, log: Log) -> Log:
    def log_epoch(row: dict[str, float]) -> None:
        log({"fold": fold, **{name: value for name, value in row.items() if not name.startswith("best/")}})

    return log_epoch


def mean_best(members: Sequence[Member]) -> dict[str, float]:
    """Return "best/X" averaged over members, for every X that all of them have."""
    names = [name for name in members[0].best if all(name in member.best for member in members)]
    return {f"best/{name}": float(np.mean([member.best[name] for member in members])) for name in names}
