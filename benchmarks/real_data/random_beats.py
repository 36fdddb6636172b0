"""MIT-BIH with beats split at random. This LEAKS: the same heart is on both sides, and its median beat too.

Only to stand beside published numbers that are measured so; nothing is chosen by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from real_data.between_patients import TREES
from real_data.fold_runs import Kept

from data_utils.dataset import Dataset, Side, open_dataset
from training.fit import fit_member
from training.hyperparameters import resolve

# Project 002's network and training: three blocks, flattened, 187 samples at 125 Hz, balanced by weights.
TWO = {
    **{"model": "cnn", "block_filters": "64,64,64", "block_kernels": "5,3,3", "pooling": "flatten"},
    **{"conv_bias": True, "dense_units": 64, "dropout": 0.4, "learning_rate": 4.0e-4, "batch_size": 32},
    **{
        "optimizer": "adam",
        "schedule": "constant",
        "window": 1.496,
        "resample_to": 125.0,
        "covariates": False,
    },
    **{"scaling": "window", "epochs": 6},
}
OURS = {**TREES, "epochs": 10}


def compare(path: Path, kept: Kept) -> None:
    """Print F1 by class, by largest probability, on a fifth of the beats drawn at random."""
    print("RANDOM BEATS: the same patients on both sides. This leaks and says nothing about new patients.")
    digest = open_dataset(path).digest
    for name, given in (("project 002's CNN", TWO), ("ours: boosted trees", OURS)):
        asked = {"random beats": given, "data": digest}
        row = kept.get(asked, lambda g=given: _last_epoch(open_dataset(path), g))
        f1 = {key: value for key, value in row.items() if key.startswith("val/f1/")}
        classes = " ".join(f"{key[-1]} {value:.3f}" for key, value in f1.items())
        print(f"{name:24s} macro F1 {row['val/macro_f1']:.3f}  {classes}", flush=True)


def _last_epoch(dataset: Dataset, given: Mapping) -> dict[str, float]:
    split = np.random.default_rng(0).permutation(len(dataset)) < len(dataset) // 5
    sides = Side(dataset, np.flatnonzero(~split), "train"), Side(dataset, np.flatnonzero(split), "validation")
    # A data set refuses to put a patient on two sides.
    dataset.sides = lambda folds=0, fold=None: sides
    rows: list[dict[str, float]] = []
    fit_member(resolve({**given, "folds": 0, "patience": 10000}), dataset, dataset.classes, rows.append)
    return rows[-1]
