"""Twelve leads, few recordings: PTB-XL against a regression on features, CPSC whole, and one to the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from real_data import fold_runs
from real_data.fold_runs import Curves, Kept
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from data_utils.dataset import Dataset, Side, open_dataset
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from training.checkpoint import identity
from training.folds import ranked_classes, validation_sides

FOLDS = 4
SEEDS = 3  # of the trees, which draw rows and columns
# Of the regression; the strength that the folds like best is taken, as our epoch is.
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 1.0)
TREES = {
    **{"model": "xgboost_features", "features": "morphology", "window": 10.0, "resample_to": 25.0},
    **{"epochs": 8, "boost_depth": 3, "boost_columns": 0.1, "boost_rows": 0.7, "folds": FOLDS},
}
NETWORK = {
    **{"model": "cnn_attention", "window": 0, "batch_size": 16, "epochs": 12, "dropout": 0.2},
    # Of PTB-XL as it is published; a kernel spans the same time on both.
    **{"n_blocks": 5, "learning_rate": 1.0e-3, "resample_to": 100.0},
}


def superclasses(path: Path, kept: Kept) -> None:
    """Print macro AUROC on patient folds of ours and of logistic regression on the same features."""
    dataset = open_dataset(path)
    seeds = ({**TREES, "seed": seed} if seed else TREES for seed in range(SEEDS))
    trees = [fold_runs.curves(dataset, given, kept, "auroc") for given in seeds]
    _say("boosted trees on features and signal", trees, dataset)
    _say("peer: regression on features", [_regression(dataset, kept)], dataset)
    given = {**NETWORK, "folds": FOLDS}
    network = [fold_runs.curves(dataset, given, kept, "auroc")]
    _say("network on whole rows", network, dataset)
    both = _together(dataset, [(TREES, trees), (given, network)], kept)
    _say("mean of trees and network", [both], dataset)


def _together(dataset: Dataset, members: list[tuple[Mapping, list[Curves]]], kept: Kept) -> Curves:
    """Areas of the mean probability of members, each after the epoch that its curves choose."""
    ranked, _ = ranked_classes(validation_sides({"folds": FOLDS}, dataset), dataset.classes)
    logits = [
        fold_runs.left_out(dataset, given, fold_runs.chosen_epoch(found, ranked), kept)
        for given, found in members
    ]
    areas = []
    for fold in range(FOLDS):
        truth = dataset.sides(FOLDS, fold)[1].targets
        p = np.mean([expit(member[fold]) for member in logits], axis=0)
        areas.append([_areas(truth, p, dataset.classes)])
    return areas


def whole_rows(path: Path, kept: Kept) -> None:
    """Print macro AUROC on folds of recordings of any length, each seen whole."""
    dataset = open_dataset(path)
    seconds = dataset.rows.length / dataset.rate
    print(f"{len(dataset)} recordings of {seconds.min():.0f} to {seconds.max():.0f} s")
    _say(
        "network on whole rows",
        [fold_runs.curves(dataset, {**NETWORK, "folds": FOLDS}, kept, "auroc")],
        dataset,
    )


def transfer(source: Path, target: Path, kept: Kept, folder: Path, seeds: int) -> None:
    """Print macro AUROC on the target's folds from scratch, and from a network trained on the source."""
    folder = folder / identity(NETWORK, open_dataset(source).digest)[:16]
    if not (folder / "card.json").exists():
        pairs = [part for name, value in NETWORK.items() for part in ("--set", f"{name}={value}")]
        command = [sys.executable, "-m", "training.train", "--data", source, "--out", folder, *pairs]
        subprocess.run(command, check=True, env={**os.environ, "WANDB_MODE": "disabled"})
    dataset = open_dataset(target)
    starts: Mapping[str, dict] = {
        "from scratch": {},
        "from the other data": {"init_from": str(folder)},
        "from the other data, head faster": {"init_from": str(folder), "head_learning_rate": 5.0},
    }
    for name, start in starts.items():
        given = {**NETWORK, **start, "folds": FOLDS}
        found = [fold_runs.curves(dataset, {**given, "seed": seed}, kept, "auroc") for seed in range(seeds)]
        _say(name, found, dataset)


def _say(name: str, found: list[Curves], dataset: Dataset) -> None:
    ranked, _ = ranked_classes(validation_sides({"folds": FOLDS}, dataset), dataset.classes)
    at = fold_runs.chosen_epoch(found, ranked)
    values = fold_runs.macro(found, ranked)[:, :, at]
    classes = " ".join(
        f"{one} {np.mean([fold[at][one] for seed in found for fold in seed]):.3f}" for one in ranked
    )
    folds = " ".join(f"{value:.3f}" for value in values.mean(axis=0))
    seeds = (
        f", {len(found)} seeds: {' '.join(f'{v:.3f}' for v in values.mean(axis=1))}" if len(found) > 1 else ""
    )
    print(f"{name:36s} macro AUROC {values.mean():.3f}  by fold {folds}  {classes}{seeds}", flush=True)


def _regression(dataset: Dataset, kept: Kept) -> Curves:
    """One "epoch" for each strength."""

    def of_fold(fold: int) -> list[dict[str, float]]:
        train, validation = dataset.sides(FOLDS, fold)
        x, there = (_features(side, train) for side in (train, validation))
        return [_fit(x, train.targets, there, validation.targets, c, dataset.classes) for c in STRENGTHS]

    asked = {"peer": "regression", "strengths": STRENGTHS, "folds": FOLDS, "data": dataset.digest}
    return [kept.get({**asked, "fold": fold}, lambda f=fold: of_fold(f)) for fold in range(FOLDS)]


def _features(side: Side, train: Side) -> np.ndarray:
    preparation = fit_preparation(train, 10.0, features="morphology")
    return Examples(side, preparation).batch(np.arange(len(side)))["covariates"]


def _fit(
    x: np.ndarray,
    y: np.ndarray,
    there: np.ndarray,
    truth: np.ndarray,
    strength: float,
    classes: tuple[str, ...],
) -> dict[str, float]:
    single = LogisticRegression(C=strength, max_iter=2000)
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(single)).fit(x, y)
    p = model.predict_proba(there)
    return _areas(truth, p, classes)


def _areas(truth: np.ndarray, p: np.ndarray, classes: tuple[str, ...]) -> dict[str, float]:
    return {name: float(roc_auc_score(truth[:, k], p[:, k])) for k, name in enumerate(classes)}
