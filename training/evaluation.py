"""Open a sealed test side with one model: what it finds there, with intervals by patient."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import keras
import numpy as np

from data_utils.dataset import Dataset, Side, open_dataset
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation
from training import bootstrap
from training.batches import predict
from training.boosted import load_trees, predict_mean
from training.card import MODEL, TREES, model_files, read_card
from training.decision import card_probabilities, decide
from training.ledger import record_opening
from training.metrics import FEWEST_PATIENTS, confusion_measures, curve_measures, full_measures
from training.records import gather_units


def evaluate_model(
    model_dir: Path, test_file: Path, resamples: int = 1000, seed: int = 0, now: datetime | None = None
) -> dict:
    """Return what the model of `model_dir` finds on the patients of `test_file`, as plain data.

    The opening is in the ledger beside the file before any number exists. Preparation, link,
    temperature and thresholds are the card's.

    Args:
        model_dir: holds model.keras and card.json.
        test_file: a sealed X.test.h5.
        resamples: of the bootstrap by patient.
        seed: of the same.
        now: what the ledger says; None is the clock's.

    Returns:
        "run", "test_file", "dataset", "patients", "rows", "resamples", "openings"; "warnings" (sentences);
        "classes": by slug "name", "support", "patients", "prevalence", "threshold", and sensitivity,
        precision, f1, auprc and auroc as {"value", "low", "high"} (None where undefined; 95 % interval, None
        for a class with positives in fewer than three patients);
        "macro": the same five, averaged over "classes", those that are there; "by_patient": "patient",
        "rows" and by class "support", "found", "called", "sensitivity", "precision";
        "measures": everything of `training.metrics.full`, as "classes", "overall" and "aami"; and where the
        card says how windows become recordings, "record_measures" and "patient_measures" of the same form.

    Raises:
        BadInput: no model, no card, no sealed file, or one that the model cannot read.
    """
    model_dir, test_file = Path(model_dir), Path(test_file)
    card = read_card(model_dir)
    dataset = open_dataset(test_file)
    side = dataset.test()
    _check_fit(card, dataset)
    logits_of = load_model(model_dir)
    opened = record_opening(test_file, _entry(card, dataset, model_dir, now))

    logits = logits_of(Examples(side, Preparation.from_json(card["preparation"])))
    p = card_probabilities(logits, card)
    thresholds = np.array([card["thresholds"][name] for name in card["classes"]])
    decisions = decide(p, thresholds, card["task"])
    classes, macro = _measure(side, p, decisions, card["classes"], resamples, seed)
    for name, long_name, threshold in zip(dataset.classes, dataset.class_names, thresholds, strict=True):
        classes[name] = {"name": long_name, "threshold": float(threshold), **classes[name]}
    return {
        "run": card["run"],
        "test_file": test_file.name,
        "dataset": {
            "source": dataset.source,
            "licence": dataset.licence,
            "digest": dataset.digest,
            "simulated": dataset.simulated,
            "groups_known": dataset.groups_known,
            "same_as_training": dataset.training_digest == card["dataset"]["digest"],
        },
        "patients": len(np.unique(side.groups)),
        "rows": len(side),
        "resamples": resamples,
        "openings": opened,
        "warnings": _warnings(card, dataset, side),
        "classes": classes,
        "macro": macro,
        "by_patient": _by_patient(side, decisions, card["classes"]),
        "measures": asdict(full_measures(side.targets, p, decisions, card["classes"], card["task"])),
        **_of_units(side, p, card),
    }


def _of_units(side: Side, p: np.ndarray, card: dict) -> dict:
    """Recordings, and patients by the same rule and thresholds; nothing where rows are beats."""
    if "record" not in card:
        return {}
    rule, thresholds = card["record"]["rule"], card["record"]["thresholds"]
    found = {}
    for name, unit in (("record", side.dataset.rows.recording[side.rows]), ("patient", side.groups)):
        units = gather_units(unit, side.targets, p, side.groups, card["task"], rule)
        if units is not None:
            decisions = decide(units.p, np.array([thresholds[one] for one in card["classes"]]), card["task"])
            full = full_measures(units.targets, units.p, decisions, card["classes"], card["task"])
            found[f"{name}_measures"] = asdict(full)
    return found


def _check_fit(card: dict, dataset: Dataset) -> None:
    """Refuse a file whose signals mean something else to the model."""
    # A file may have further leads, in any order: they are read by name.
    there = set(card["leads"]) <= set(dataset.leads)
    wanted = {
        "leads": (card["leads"], card["leads"] if there else list(dataset.leads)),
        "rate": (card["rate"], dataset.rate),
        "classes": (card["classes"], list(dataset.classes)),
        "task": (card["task"], dataset.task),
    }
    if card["covariates"]:
        wanted["covariates"] = (card["covariates"], list(dataset.covariates))
    for what, (model, file) in wanted.items():
        if model != file:
            raise BadInput(
                f"The model was trained with {what} {_words(model)}, but {dataset.path} has {_words(file)}: "
                "evaluate it on a file built as its training file was."
            )


def _words(value: object) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)


def load_model(model_dir: Path) -> Callable[[Examples], np.ndarray]:
    """Return what gives the logits (n, K) of examples: a network, or boosted trees.

    Raises:
        BadInput: no model, or one that this version of Keras or XGBoost does not read.
    """
    if not model_files(model_dir):
        raise BadInput(f"There is no {MODEL} in {model_dir}: `rarebeat best` brings one there.")
    network = _network(model_dir / MODEL) if (model_dir / MODEL).is_file() else None
    if (model_dir / TREES).is_file():
        members = load_trees(model_dir / TREES, network)
        return lambda examples: predict_mean(members, examples)
    return lambda examples: predict(network, examples)


def _network(path: Path) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"{path} is no model that this version of Keras reads: {reason}.") from error


def _entry(card: dict, dataset: Dataset, model_dir: Path, now: datetime | None) -> dict:
    return {
        "time": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        "run": card["run"],
        "model": hashlib.sha256(b"".join(p.read_bytes() for p in model_files(model_dir))).hexdigest(),
        "test_digest": dataset.digest,
    }


def _warnings(card: dict, dataset: Dataset, side: Side) -> list[str]:
    patients = len(np.unique(side.groups))
    said = []
    if dataset.simulated:
        said.append("These are simulated beats: the numbers say nothing about people.")
    if not dataset.groups_known:
        said.append(
            "groups: unknown, so the same person may be in training and test, and intervals are too narrow."
        )
    if dataset.training_digest != card["dataset"]["digest"]:
        said.append(
            "This is another data set than the model was trained on: its patients may have trained it."
        )
    if patients < bootstrap.FEWEST_PATIENTS:
        said.append(
            f"There are only {patients} patients: intervals from fewer than {bootstrap.FEWEST_PATIENTS} "
            "are too narrow."
        )
    for k, name in enumerate(dataset.classes):
        having = len(np.unique(side.groups[side.targets[:, k] == 1]))
        if 0 < having < FEWEST_PATIENTS:
            # Resampling them tells how they weigh against each other, not how others would differ.
            said.append(f"{name} is in {having} of the patients: too few for an interval.")
    return said


def _measure(
    side: Side, p: np.ndarray, decisions: np.ndarray, names: list[str], resamples: int, seed: int
) -> tuple[dict, dict]:
    drawn = bootstrap.bootstrap(side.targets, p, decisions, side.groups, resamples, seed)
    classes = {name: _of_class(side, p[:, k], decisions[:, k], k) for k, name in enumerate(names)}
    there = [k for k, name in enumerate(names) if classes[name]["support"]]
    macro: dict = {"classes": [names[k] for k in there]}
    for measure in bootstrap.MEASURES:
        for k, name in enumerate(names):
            few = classes[name]["patients"] < FEWEST_PATIENTS
            resampled = np.array([]) if few else drawn[measure][:, k]
            classes[name][measure] = _with_interval(classes[name][measure], resampled)
        values = [classes[names[k]][measure]["value"] for k in there]
        mean = float(np.mean(values)) if values and None not in values else None
        macro[measure] = _with_interval(mean, bootstrap.macro(drawn[measure], there))
    return classes, macro


def _of_class(side: Side, p: np.ndarray, decided: np.ndarray, k: int) -> dict:
    target = side.targets[:, k]
    known = target != 255
    truth = target[known] == 1
    measures = confusion_measures(truth, decided[known]) | curve_measures(truth, p[known])
    measures["sensitivity"] = measures.get("recall")
    return {
        "support": int(truth.sum()),
        "patients": len(np.unique(side.groups[target == 1])),
        "prevalence": float(truth.mean()) if known.any() else None,
        **{measure: measures.get(measure) for measure in bootstrap.MEASURES},
    }


def _with_interval(value: float | None, drawn: np.ndarray) -> dict:
    limits = bootstrap.interval(drawn) if value is not None else None
    low, high = limits or (None, None)
    return {"value": value, "low": low, "high": high}


def _by_patient(side: Side, decisions: np.ndarray, names: list[str]) -> list[dict]:
    rows = []
    for patient in np.unique(side.groups):
        inside = side.groups == patient
        classes = {}
        for k, name in enumerate(names):
            truth = side.targets[inside, k] == 1
            called = decisions[inside, k] & (side.targets[inside, k] != 255)
            measures = confusion_measures(truth, called)
            classes[name] = {
                "support": int(truth.sum()),
                "found": int((truth & called).sum()),
                "called": int(called.sum()),
                "sensitivity": measures.get("recall"),
                "precision": measures.get("precision") if called.any() else None,
            }
        rows.append({"patient": str(patient), "rows": int(inside.sum()), "classes": classes})
    return rows
