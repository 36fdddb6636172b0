"""Open a sealed test side with one model: what it finds there, with intervals by patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from data_utils.dataset import Dataset, Side, open_dataset
from data_utils.errors import BadInput
from training import bootstrap
from training.answers import model_digest, open_model
from training.card import read_card
from training.decision import decide
from training.elsewhere import Cases, gather_cases
from training.ledger import record_opening
from training.metrics import FEWEST_PATIENTS, confusion_measures, curve_measures, full_measures
from training.patients import known_patients
from training.records import gather_units

# Seconds; what is shorter holds one beat.
SHORTEST_STRIP = 2.0


def evaluate_model(
    model_dir: Path,
    test_file: Path,
    resamples: int = 1000,
    seed: int = 0,
    now: datetime | None = None,
    told: Mapping[str, str] | None = None,
    whole: bool = False,
) -> dict:
    """Return what the model of `model_dir` finds on the patients of `test_file`, as plain data.

    The opening is in the ledger beside the file before any number exists. Preparation, link,
    temperature and thresholds are the card's.

    Args:
        model_dir: holds a card and a model, or the members of an ensemble.
        test_file: a sealed X.test.h5, or with `whole` any file that the model was not trained on.
        resamples: of the bootstrap by patient.
        seed: of the same.
        now: what the ledger says; None is the clock's.
        told: the model's class by the file's, where they are not named alike.
        whole: all labelled rows of a file that is not sealed, such as another hospital's.

    Returns:
        "run", "test_file", "dataset", "patients", "rows", "unit" (what a row is: "beats", "strips" or
        "recordings"), "resamples", "openings"; "warnings" (sentences);
        "classes": by slug "name", "support", "patients", "prevalence", "threshold", and sensitivity,
        precision, f1, auprc and auroc as {"value", "low", "high"} (None where undefined; 95 % interval, None
        for a class with positives in fewer than three patients);
        "macro": the same five, averaged over "classes", those that are there, and of these auprc and auroc
        over those that have negatives too; "by_patient": "patient", "rows" and by class "support", "found",
        "called", "sensitivity", "precision";
        "measures": everything of `training.metrics.full`, as "classes", "overall" and "aami"; and where the
        card says how windows become recordings, "record_measures" and "patient_measures" of the same form;
        "internal": by class the "f1" and "auprc" that the card has from validation, and what is lost here, as
        "f1_drop" and "auprc_drop".

    Raises:
        BadInput: no model, no card, no sealed file, or one that the model cannot read.
    """
    model_dir, test_file = Path(model_dir), Path(test_file)
    card = read_card(model_dir)
    dataset = open_dataset(test_file)
    cases = gather_cases(_side(dataset, card, whole), card, told or {})
    answer = open_model(model_dir, dataset)
    opened = record_opening(test_file, _entry(card, dataset, model_dir, now))

    p = answer(cases.side)
    thresholds = np.array([card["thresholds"][name] for name in card["classes"]])
    decisions = decide(p, thresholds, card["task"])
    classes, macro = _measure(cases, p, decisions, card["classes"], resamples, seed)
    for name, long_name, threshold in zip(card["classes"], card["class_names"], thresholds, strict=True):
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
        "patients": len(np.unique(cases.groups)),
        "rows": len(cases),
        "unit": unit_of(cases.side),
        "resamples": resamples,
        "openings": opened,
        "warnings": _warnings(card, dataset, cases),
        "classes": classes,
        "macro": macro,
        "by_patient": _by_patient(cases, decisions, card["classes"]),
        "measures": asdict(full_measures(cases.targets, p, decisions, card["classes"], card["task"])),
        "internal": _internal(card, classes),
        **_of_units(cases, p, card),
    }


def unit_of(side: Side) -> str:
    """Return what the rows of a side are: "beats", "strips" of recordings, or whole "recordings"."""
    rows = side.dataset.rows
    recording, length = rows.recording[side.rows], rows.length[side.rows]
    if (rows.anchor[side.rows] >= 0).any():
        return "beats"
    if (length == side.dataset.recordings.length[recording]).all():
        return "recordings"
    # A table of beats that were cut out has no anchors.
    return "beats" if np.median(length) < SHORTEST_STRIP * side.dataset.rate else "strips"


def _side(dataset: Dataset, card: dict, whole: bool) -> Side:
    """The sealed rows, or all of a file that the model has not seen."""
    if not whole:
        return dataset.test()
    if dataset.sealed or card["dataset"]["digest"] in (dataset.digest, dataset.training_digest):
        raise BadInput(
            f"{dataset.path} is "
            + ("a sealed side" if dataset.sealed else "what the model was trained on")
            + ": --whole is for the file of another source."
        )
    return Side(dataset, np.arange(len(dataset), dtype=np.int64), "test")


def _internal(card: dict, classes: dict) -> dict:
    """What validation promised of each class that is here, and how much of it is not found."""
    found = {}
    for name, here in classes.items():
        promised = {"f1": ("f1_tuned", "f1"), "auprc": ("auprc",)}
        one = {}
        for measure, logged in promised.items():
            values = [
                card["metrics"][f"{log}/{name}"] for log in logged if f"{log}/{name}" in card["metrics"]
            ]
            if values and here[measure]["value"] is not None:
                one |= {measure: values[0], f"{measure}_drop": values[0] - here[measure]["value"]}
        if one:
            found[name] = one
    return found


def _of_units(cases: Cases, p: np.ndarray, card: dict) -> dict:
    """Recordings, and patients by the same rule and thresholds; nothing where rows are beats."""
    if "record" not in card:
        return {}
    rule, thresholds = card["record"]["rule"], card["record"]["thresholds"]
    found = {}
    for name, unit in (("record", _recordings(cases)), ("patient", cases.groups)):
        units = gather_units(unit, cases.targets, p, cases.groups, card["task"], rule)
        if units is not None:
            decisions = decide(units.p, np.array([thresholds[one] for one in card["classes"]]), card["task"])
            full = full_measures(units.targets, units.p, decisions, card["classes"], card["task"])
            found[f"{name}_measures"] = asdict(full)
    return found


def _recordings(cases: Cases) -> np.ndarray:
    return cases.side.dataset.rows.recording[cases.side.rows]


def _entry(card: dict, dataset: Dataset, model_dir: Path, now: datetime | None) -> dict:
    return {
        "time": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        "run": card["run"],
        "model": model_digest(model_dir),
        "test_digest": dataset.digest,
    }


def _warnings(card: dict, dataset: Dataset, cases: Cases) -> list[str]:
    patients = len(np.unique(cases.groups))
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
        if dataset.preparation != card["dataset"]["preparation"]:
            said.append("Its recordings were prepared in another way than those of training.")
    if known := known_patients(card, dataset, cases.groups):
        said.append(f"{known} of these patients trained the model: what it finds in them proves nothing.")
    for name, count in cases.left_out.items():
        said.append(f"{count} rows of class {name}, which the model does not know, are left out.")
    if cases.missing:
        said.append(f"The file has no class {', '.join(cases.missing)}.")
    said += _outside_macro(cases, card["classes"])
    if patients < bootstrap.FEWEST_PATIENTS:
        said.append(
            f"There are only {patients} patients: intervals from fewer than {bootstrap.FEWEST_PATIENTS} "
            "are too narrow."
        )
    for k, name in enumerate(card["classes"]):
        having = len(np.unique(cases.groups[cases.targets[:, k] == 1]))
        if 0 < having < FEWEST_PATIENTS:
            # Resampling them tells how they weigh against each other, not how others would differ.
            said.append(f"{name} is in {having} of the patients: too few for an interval.")
    return said


def _outside_macro(cases: Cases, names: list[str]) -> list[str]:
    """Which classes the macro averages, or those of curves, are without."""
    positive, negative = (cases.targets == 1).any(axis=0), (cases.targets == 0).any(axis=0)
    absent = [name for k, name in enumerate(names) if not positive[k] and name not in cases.missing]
    everywhere = [name for k, name in enumerate(names) if positive[k] and not negative[k]]
    said = []
    if absent:
        said.append(f"No row has {', '.join(absent)}: the macro averages are without.")
    if everywhere:
        said.append(f"No row is without {', '.join(everywhere)}: macro AUPRC and AUROC leave that out.")
    return said


def _measure(
    cases: Cases, p: np.ndarray, decisions: np.ndarray, names: list[str], resamples: int, seed: int
) -> tuple[dict, dict]:
    drawn = bootstrap.bootstrap(cases.targets, p, decisions, cases.groups, resamples, seed)
    classes = {name: _of_class(cases, p[:, k], decisions[:, k], k) for k, name in enumerate(names)}
    there = [k for k, name in enumerate(names) if classes[name]["support"]]
    macro: dict = {"classes": [names[k] for k in there]}
    for measure in bootstrap.MEASURES:
        for k, name in enumerate(names):
            few = classes[name]["patients"] < FEWEST_PATIENTS
            resampled = np.array([]) if few else drawn[measure][:, k]
            classes[name][measure] = _with_interval(classes[name][measure], resampled)
        # Without negatives a class has no curve, which is no failure of the model's.
        having = [k for k in there if classes[names[k]][measure]["value"] is not None]
        mean = float(np.mean([classes[names[k]][measure]["value"] for k in having])) if having else None
        macro[measure] = _with_interval(mean, bootstrap.macro(drawn[measure], having))
    return classes, macro


def _of_class(cases: Cases, p: np.ndarray, decided: np.ndarray, k: int) -> dict:
    target = cases.targets[:, k]
    known = target != 255
    truth = target[known] == 1
    measures = confusion_measures(truth, decided[known]) | curve_measures(truth, p[known])
    measures["sensitivity"] = measures.get("recall")
    return {
        "support": int(truth.sum()),
        "patients": len(np.unique(cases.groups[target == 1])),
        "prevalence": float(truth.mean()) if known.any() else None,
        **{measure: measures.get(measure) for measure in bootstrap.MEASURES},
    }


def _with_interval(value: float | None, drawn: np.ndarray) -> dict:
    limits = bootstrap.interval(drawn) if value is not None else None
    low, high = limits or (None, None)
    return {"value": value, "low": low, "high": high}


def _by_patient(cases: Cases, decisions: np.ndarray, names: list[str]) -> list[dict]:
    rows = []
    patients, index = np.unique(cases.groups, return_inverse=True)
    ends = np.cumsum(np.bincount(index))[:-1]
    for patient, inside in zip(patients, np.split(np.argsort(index, kind="stable"), ends), strict=True):
        classes = {}
        for k, name in enumerate(names):
            truth = cases.targets[inside, k] == 1
            called = decisions[inside, k] & (cases.targets[inside, k] != 255)
            measures = confusion_measures(truth, called)
            classes[name] = {
                "support": int(truth.sum()),
                "found": int((truth & called).sum()),
                "called": int(called.sum()),
                "sensitivity": measures.get("recall"),
                "precision": measures.get("precision") if called.any() else None,
            }
        rows.append({"patient": str(patient), "rows": len(inside), "classes": classes})
    return rows
