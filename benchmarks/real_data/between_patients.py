"""MIT-BIH between patients: our configurations and the peer on the same patient folds of DS1; DS2 once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from real_data import fold_runs, trees_peer
from real_data.fold_runs import Curves, Kept
from sklearn.metrics import average_precision_score

from data_utils.dataset import Dataset, open_dataset
from data_utils.layout import test_path
from training.bootstrap import bootstrap, interval, macro
from training.decision import probabilities
from training.evaluation import evaluate_model
from training.folds import ranked_classes, validation_sides
from training.predictions import Predictions, read_predictions

FOLDS = 3
ALIKE = {"folds": FOLDS, "resample_to": 120.0, "residual": True, "features": "morphology"}
TREES = {
    **{"model": "xgboost_features", "epochs": 5, "boost_trees": 20},
    **{"boost_columns": 0.3, "boost_rows": 0.7, "boost_leaf": 5.0},
    **ALIKE,
}
# Both take 12,800 beats an epoch; the longer network twice as many.
NETWORK = {
    "model": "cnn",
    "epochs": 5,
    "steps_per_epoch": 100,
    "dropout": 0.3,
    "covariate_layers": 1,
    **ALIKE,
}
LONGER = {**NETWORK, "epochs": 12, "steps_per_epoch": 200, "features": "none"}
BEST = "trees, sqrt sampler, depth 3"
CONFIGURATIONS = {
    BEST: {**TREES, "sampler": "sqrt", "boost_depth": 3},
    "trees, sqrt sampler": {**TREES, "sampler": "sqrt"},
    "trees": TREES,
    "trees, no features": {**TREES, "features": "none"},
    "trees, sqrt sampler, no covariates": {**TREES, "sampler": "sqrt", "covariates": False},
    "trees, sqrt sampler, no residual": {**TREES, "sampler": "sqrt", "residual": False},
    "trees, weighted loss": {**TREES, "loss": "weighted_ce"},
    "network, sqrt sampler": {**NETWORK, "sampler": "sqrt"},
    "network, no sampler": NETWORK,
    "network, sqrt sampler, focal loss": {**NETWORK, "sampler": "sqrt", "loss": "focal"},
    "network, sqrt sampler, no covariates": {**NETWORK, "sampler": "sqrt", "covariates": False},
    "network, sqrt sampler, no residual": {**NETWORK, "sampler": "sqrt", "residual": False},
    "network, sqrt sampler, no features, longer": {**LONGER, "sampler": "sqrt"},
}


def compare(path: Path, kept: Kept, seeds: int, only: str) -> None:
    """Print macro AUPRC of every configuration, and of the peer, over the folds of DS1.

    Args:
        seeds: of the best configuration; the others have one.
        only: configurations whose name has this in it.
    """
    dataset = open_dataset(path)
    ranked, _ = ranked_classes(validation_sides({"folds": FOLDS}, dataset), dataset.classes)
    print(f"{dataset.source}, {FOLDS} patient folds of DS1: AUPRC, macro over {', '.join(ranked)}")
    for weight in (None, "balanced"):
        # Its trees are the same for every seed: it draws nothing.
        found = [trees_peer.curves(dataset, FOLDS, weight, kept)]
        _say(f"peer, class weight {weight or 'none'}", found, ranked, dataset, trees_peer.STEP)
    for name, given in CONFIGURATIONS.items():
        if only in name:
            count = seeds if name == BEST else 1
            found = [_seed(dataset, given, seed, kept) for seed in range(count)]
            _say(name, found, ranked, dataset, 20 if given["model"] == "xgboost_features" else None)


def _seed(dataset: Dataset, given: Mapping, seed: int, kept: Kept) -> Curves:
    return fold_runs.curves(dataset, {**given, "seed": seed} if seed else given, kept)


def _say(name: str, found: list[Curves], ranked: list[str], dataset: Dataset, step: int | None) -> None:
    """One line; `step` is trees per epoch, None for a network."""
    at = fold_runs.chosen_epoch(found, ranked)
    values = fold_runs.macro(found, ranked)[:, :, at]
    of_class = {
        one: np.nanmean([fold[at][one] for seed in found for fold in seed]) for one in dataset.classes
    }
    spread = f" +- {values.mean(axis=1).std(ddof=1):.3f} over {len(found)} seeds" if len(found) > 1 else ""
    when = f"{(at + 1) * step} rounds" if step else f"epoch {at + 1}"
    classes = " ".join(f"{one} {value:.3f}" for one, value in of_class.items())
    folds = " ".join(f"{value:.3f}" for value in values.mean(axis=0))
    print(f"{name:42s} {values.mean():.3f}{spread}  by fold {folds}  {classes}  ({when})", flush=True)


def final(path: Path, kept: Kept, folder: Path) -> None:
    """Train the best configuration with as many rounds as DS1 chose, set it against the peer on the patients
    that the folds left out, and open DS2 with it."""
    dataset = open_dataset(path)
    ranked, _ = ranked_classes(validation_sides({"folds": FOLDS}, dataset), dataset.classes)
    rounds = 20 * (fold_runs.chosen_epoch([_seed(dataset, CONFIGURATIONS[BEST], 0, kept)], ranked) + 1)
    _train(path, rounds, folder)
    ours = read_predictions(folder)
    peer_rounds = trees_peer.STEP * (
        fold_runs.chosen_epoch([trees_peer.curves(dataset, FOLDS, None, kept)], ranked) + 1
    )
    peer = trees_peer.left_out(dataset, FOLDS, peer_rounds, kept)[ours.row]
    p = probabilities(ours.logits, "softmax")
    _difference(ours, p, peer, [dataset.classes.index(name) for name in ranked])
    _table("DS1, left-out patients, largest probability", _counts(ours, p, dataset.classes), dataset.classes)
    _open_ds2(path, folder, dataset.classes)


def _train(path: Path, rounds: int, folder: Path) -> None:
    if (folder / "card.json").exists():
        return
    # One epoch of all rounds: nothing is left to stop early on the fold that is measured.
    asked = {**CONFIGURATIONS[BEST], "epochs": 1, "boost_trees": rounds}
    pairs = [part for name, value in asked.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "training.train", "--data", path, "--out", folder, *pairs]
    subprocess.run(command, check=True, env={**os.environ, "WANDB_MODE": "disabled"})


def _difference(ours: Predictions, p: np.ndarray, peer: np.ndarray, columns: list[int]) -> None:
    """Print macro AUPRC of all left-out patients together, and of the difference, by a paired bootstrap."""
    drawn = {
        name: macro(bootstrap(ours.target, one, one > 0.5, ours.group)["auprc"], columns)
        for name, one in (("ours", p), ("peer", peer))
    }
    print(
        f"DS1, left-out patients pooled, {len(np.unique(ours.group))} patients, macro AUPRC, 95 % by patient"
    )
    for name, one in (("ours", p), ("peer", peer)):
        value = np.mean([average_precision_score(ours.target[:, k] == 1, one[:, k]) for k in columns])
        print(f"  {name} {value:.3f} ({_ends(drawn[name])})")
    print(f"  ours - peer in {np.mean(drawn['ours'] > drawn['peer']):.3f} of resamples above 0", end="")
    print(f" ({_ends(drawn['ours'] - drawn['peer'])})")


def _ends(values: np.ndarray) -> str:
    low, high = interval(values)
    return f"{low:.3f} to {high:.3f}"


def _counts(ours: Predictions, p: np.ndarray, classes: tuple[str, ...]) -> dict[str, dict]:
    """Beats there, found and called, by patient and class."""
    called = np.eye(len(classes), dtype=bool)[p.argmax(axis=1)]
    counts = {}
    for patient in np.unique(ours.group):
        of = ours.group == patient
        counts[str(patient)] = {
            name: {
                "support": int(ours.target[of, k].sum()),
                "found": int((called[of, k] & (ours.target[of, k] == 1)).sum()),
                "called": int(called[of, k].sum()),
            }
            for k, name in enumerate(classes)
        }
    return counts


def _open_ds2(path: Path, folder: Path, classes: tuple[str, ...]) -> None:
    report = evaluate_model(folder, test_path(path))
    print(f"DS2, {report['patients']} patients; 95 % intervals by patient")
    for warning in report["warnings"]:
        print(f"  {warning}")
    for name, one in report["classes"].items():
        print(f"  {name} {one['support']:6,d} beats  " + "  ".join(_interval(one, m) for m in _MEASURES))
    by_patient = {row["patient"]: row["classes"] for row in report["by_patient"]}
    _table("DS2, the card's thresholds", by_patient, classes)
    without = {patient: row for patient, row in by_patient.items() if patient != "232"}
    print(f"  S with record 232: {_sums(by_patient, 'S')}\n  S without it:      {_sums(without, 'S')}")


_MEASURES = ("sensitivity", "precision", "f1", "auprc")


def _interval(one: Mapping, measure: str) -> str:
    found = one[measure]
    if found["value"] is None:
        return f"{measure} -"
    low, high = (found[end] for end in ("low", "high"))
    between = "" if low is None else f" ({low:.3f} to {high:.3f})"
    return f"{measure} {found['value']:.3f}{between}"


def _sums(by_patient: Mapping, name: str) -> str:
    there, found, called = (
        sum(row[name][what] for row in by_patient.values()) for what in ("support", "found", "called")
    )
    sensitivity = found / there if there else float("nan")
    precision = found / called if called else float("nan")
    return f"{there:,d} beats, sensitivity {sensitivity:.3f}, precision {precision:.3f}"


def _table(title: str, by_patient: Mapping, classes: tuple[str, ...]) -> None:
    print(f"{title}: of each class found / there (called)")
    for patient, row in by_patient.items():
        cells = (f"{row[k]['found']:6d}/{row[k]['support']:5d} ({row[k]['called']:5d})" for k in classes)
        print(f"  {patient:>5s}  " + "  ".join(f"{k} {cell}" for k, cell in zip(classes, cells, strict=True)))
