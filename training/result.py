"""What a run leaves in a folder: its model, the card beside it, and its predictions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import keras

from data_utils.dataset import Dataset
from data_utils.preparation import Preparation
from training import card
from training.boosted import Trees, save_trees
from training.ensemble import average
from training.fit import Member
from training.hyperparameters import inactive
from training.outcome import Outcome
from training.patients import patients_taught
from training.predictions import Predictions, write_predictions

VERSIONS = ("rarebeat", "keras", "tensorflow", "xgboost", "numpy", "wandb")


def write_result(
    folder: Path,
    hp: dict,
    dataset: Dataset,
    members: Sequence[Member],
    ranked: list[str],
    outcome: Outcome,
    predictions: Predictions,
    origin: Mapping[str, str],
) -> None:
    """Write model, card and predictions into `folder`, in the place of another run's.

    Args:
        origin: "path" of the run and its "server".
    """
    model, preparation = _one_model(members)
    inherited = frozenset().union(*(member.inherited for member in members))
    content = describe_model(hp, dataset, preparation, outcome, ranked, inherited)
    folder.mkdir(parents=True, exist_ok=True)
    # The card goes first and comes last, so that it never stands beside the model of another run.
    (folder / card.NAME).unlink(missing_ok=True)
    write_predictions(folder, predictions)
    for old in card.model_files(folder):
        old.unlink()
    _save(model, folder)
    card.write_card(folder, {**content, "run": dict(origin)})


def describe_model(
    hp: dict,
    dataset: Dataset,
    preparation: Preparation,
    outcome: Outcome,
    ranked: list[str],
    inherited: Collection[str] = (),
) -> dict:
    """Return the card of a model (`training.card`), all but the run that it came from.

    Args:
        inherited: patients who have taught the model that it started from (`training.patients`).
    """
    return {
        "format": card.FORMAT,
        "hyperparameters": hp,
        "inactive": inactive(hp),
        "task": dataset.task,
        "classes": list(dataset.classes),
        "class_names": list(dataset.class_names),
        "link": hp["link"],
        "leads": list(preparation.lead_names(dataset)),
        "rate": dataset.rate,
        "units": "mV",
        "preparation": preparation.to_json(),
        "covariates": list(preparation.covariate_names(dataset)),
        "thresholds": dict(zip(dataset.classes, outcome.thresholds.tolist(), strict=True)),
        "temperature": outcome.temperature,
        "calibration": {
            "scale": dict(zip(dataset.classes, outcome.rule.scale.tolist(), strict=True)),
            "offset": dict(zip(dataset.classes, outcome.rule.offset.tolist(), strict=True)),
        },
        **_record(hp, dataset, outcome),
        "ranked_classes": ranked,
        "patients": patients_taught(dataset, hp["folds"], inherited),
        "metrics": outcome.metrics,
        "dataset": about(dataset),
        "versions": {name: version(name) for name in VERSIONS if _installed(name)},
    }


def _record(hp: dict, dataset: Dataset, outcome: Outcome) -> dict:
    """How windows become the answer of their recording, where rows are windows."""
    if outcome.record_thresholds is None:
        return {}
    thresholds = dict(zip(dataset.classes, outcome.record_thresholds.tolist(), strict=True))
    return {"record": {"rule": hp["record_rule"], "thresholds": thresholds}}


def about(dataset: Dataset) -> dict:
    """Return what every result of a data set says about it."""
    return {
        "digest": dataset.digest,
        "source": dataset.source,
        "licence": dataset.licence,
        "simulated": dataset.simulated,
        "groups_known": dataset.groups_known,
        "classes": list(dataset.classes),
        "preparation": dataset.preparation,
        "file": dataset.path.name,
    }


def _one_model(members: Sequence[Member]) -> tuple[keras.Model | list[Trees], Preparation]:
    """Return what the members say together, and the preparation of its inputs."""
    trees = [member.model for member in members if isinstance(member.model, Trees)]
    return (trees, members[0].preparation) if trees else average(members)


def _save(model: keras.Model | list[Trees], folder: Path) -> None:
    network = model[0].network if isinstance(model, list) else model
    if network is not None:
        network.save(folder / card.MODEL)
    if isinstance(model, list):
        save_trees(folder / card.TREES, model)


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except ModuleNotFoundError:
        return False
