"""What each input is worth between patients: gradient boosting on the same rows, with and without it.

Macro AUPRC by patient fold, over the classes that every fold has enough of. Trees train on at most 1,500 rows
of each class; of the first class 4,000 validation rows stand for all, by weight.

    python benchmarks/inputs.py data/mitdb.h5
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from data_utils.dataset import Side, open_dataset
from data_utils.loader import Examples
from data_utils.preparation import Preparation, fit_preparation
from data_utils.simulate import simulate

FOLDS = 3
TRAINED, KEPT = 1500, 4000
FEWEST = 50
INPUTS = {
    "window alone": {"covariates": False},
    "window, RR without those by the record's median": {"left_out": "_record"},
    "window, RR": {},
    "window, RR, features": {"features": "morphology"},
    "window, RR, residual": {"residual": True},
    "window, RR, residual, features": {"residual": True, "features": "morphology"},
}


def table(side: Side, rows: np.ndarray, preparation: Preparation, left_out: str) -> np.ndarray:
    """(n, F) of rows: their signal's samples and their covariates but those whose name ends in `left_out`."""
    examples, parts = Examples(side, preparation), []
    names = preparation.covariate_names(side.dataset)
    kept = [k for k, name in enumerate(names) if not (left_out and name.endswith(left_out))]
    for some in np.array_split(rows, max(1, len(rows) // 512)):
        batch = examples.batch(some)
        covariates = batch["covariates"][:, kept] if names else np.zeros((len(some), 0), np.float32)
        parts.append(np.concatenate([batch["signal"].reshape(len(some), -1), covariates], axis=1))
    return np.concatenate(parts)


def auprc(train: Side, validation: Side, left_out: str = "", **asked: object) -> np.ndarray:
    """(K,) AUPRC on the validation side, NaN for a class with fewer than 50 positives."""
    preparation = fit_preparation(train, 0.8, resample_to=120.0, **asked)
    rng = np.random.default_rng(0)
    y, truth = train.targets.argmax(axis=1), validation.targets.argmax(axis=1)
    rows = np.concatenate([rng.permutation(np.flatnonzero(y == k))[:TRAINED] for k in np.unique(y)])
    trees = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=0
    )
    trees.fit(table(train, rows, preparation, left_out), y[rows])
    some = np.concatenate([rng.permutation(np.flatnonzero(truth == 0))[:KEPT], np.flatnonzero(truth != 0)])
    weight = np.where(truth[some] == 0, max(1.0, (truth == 0).sum() / KEPT), 1.0)
    p = trees.predict_proba(table(validation, some, preparation, left_out))
    found = np.full(train.targets.shape[1], np.nan)
    for column, k in enumerate(trees.classes_):
        if (truth == k).sum() >= FEWEST:
            found[k] = average_precision_score(truth[some] == k, p[:, column], sample_weight=weight)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="a file of beats; without one they are simulated")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        if data is None:
            data = Path(folder) / "simulated.h5"
            simulate(data)
        dataset = open_dataset(data)
        for name, asked in INPUTS.items():
            by_fold = np.array([auprc(*dataset.sides(FOLDS, fold), **asked) for fold in range(FOLDS)])
            every = ~np.isnan(by_fold).any(axis=0)
            of_class = ", ".join(
                f"{dataset.classes[k]} {by_fold[:, k].mean():.3f}" for k in np.flatnonzero(every)
            )
            folds = " ".join(f"{value:.3f}" for value in by_fold[:, every].mean(axis=1))
            mean = by_fold[:, every].mean()
            print(f"{name:48s} macro AUPRC {mean:.3f} ({of_class}; by fold {folds})", flush=True)


if __name__ == "__main__":
    main()
