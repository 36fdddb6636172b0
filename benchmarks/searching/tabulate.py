"""Makes the table behind the objective `training`: random points, each trained as `training.train` does.

    python benchmarks/searching/tabulate.py data/mitdb.h5 benchmarks/searching/tabulated.jsonl --runs 240

Every point is a run of two patient folds on MIT-BIH, small and short; its result is the sweep's objective,
the mean over folds of the best macro AUPRC. Every sixth run trains one of the last points again with another
seed: from these comes the noise. Lines that are there are kept, so that a table that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import keras
from tabulated import PARAMETERS

from data_utils.dataset import Dataset, open_dataset
from rarebeat.search import suggest
from training.epoch_log import LossNotFinite
from training.folds import fit_folds, ranked_classes, validation_sides
from training.hyperparameters import inactive, resolve
from training.metric_names import OBJECTIVE

FIXED = {
    "folds": 2,
    "epochs": 2,
    "steps_per_epoch": 40,
    "batch_size": 64,
    "filters": 8,
    "link": "sigmoid",
}
EVERY = 6  # how often a point is trained again


def trained(dataset: Dataset, params: dict, seed: int) -> dict:
    """One line of the table; a run that diverged has no objective."""
    hp = resolve({**FIXED, **params, "seed": seed}, dataset.task)
    ranked, _ = ranked_classes(validation_sides(hp, dataset), dataset.classes)
    rows: list[dict[str, float]] = []
    began = time.perf_counter()
    try:
        fit_folds(hp, dataset, ranked, rows.append)
        objective = rows[-1][f"best/{OBJECTIVE}"]
    except LossNotFinite:
        objective = None
    keras.backend.clear_session()
    searched = sorted(set(inactive(hp)) & set(PARAMETERS))
    seconds = round(time.perf_counter() - began, 1)
    return {
        "params": params,
        "seed": seed,
        "objective": objective,
        "inactive": searched,
        "seconds": seconds,
    }


def point(number: int, lines: list[dict]) -> tuple[dict, int]:
    """The parameters and the seed of line `number`."""
    if number % EVERY == EVERY - 1:
        again = lines[number - int(np.random.default_rng(number).integers(1, EVERY))]
        return again["params"], again["seed"] + 100_000
    return suggest({"method": "random", "parameters": PARAMETERS}, [], number), number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("table", type=Path, help="JSON lines")
    parser.add_argument("--runs", type=int, default=240)
    options = parser.parse_args()
    dataset = open_dataset(options.data)
    lines = [json.loads(line) for line in options.table.open()] if options.table.exists() else []
    for number in range(len(lines), options.runs):
        params, seed = point(number, lines)
        lines.append(trained(dataset, params, seed))
        with options.table.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")


if __name__ == "__main__":
    main()
