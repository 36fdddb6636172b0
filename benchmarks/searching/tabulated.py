"""What runs of `training.train` came to, and would have come to in between.

The table beside this file holds the objective of runs at random points, made by `tabulate.py` on MIT-BIH.
Between them stands the mean of a forest of randomised trees (Geurts et al., "Extremely randomized trees",
2006), which takes no side with engines that believe in Gaussian processes; the noise is that of the points
that were trained twice.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesRegressor

TABLE = Path(__file__).with_name("tabulated.jsonl")
PARAMETERS = {
    "loss": {"values": ["ce", "weighted_ce", "focal"]},
    "gamma": {"min": 0.0, "max": 5.0},
    "alpha": {"min": 0.05, "max": 0.95},
    "n_blocks": {"min": 1, "max": 5},
    "sampler": {"values": ["none", "sqrt", "class_aware"]},
    "learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 3e-2},
    "dropout": {"min": 0.0, "max": 0.6},
}
TREES = 100


def inactive(params: dict[str, Any]) -> tuple[str, ...]:
    return () if params["loss"] == "focal" else ("gamma", "alpha")


@cache
def table() -> list[dict[str, Any]]:
    """Of each run its parameters, its seed and its objective; None where it diverged, which counts as 0."""
    return [json.loads(line) for line in TABLE.open()]


def features(params: dict[str, Any]) -> list[float]:
    """(11,) numbers that trees can split; those without effect stand at 0."""
    idle = inactive(params)
    return [
        *(float(params["loss"] == value) for value in PARAMETERS["loss"]["values"]),
        *(float(params["sampler"] == value) for value in PARAMETERS["sampler"]["values"]),
        *(0.0 if name in idle else params[name] for name in ("gamma", "alpha")),
        params["n_blocks"],
        math.log10(params["learning_rate"]),
        params["dropout"],
    ]


@cache
def forest() -> ExtraTreesRegressor:
    from sklearn.ensemble import ExtraTreesRegressor

    rows = np.array([features(run["params"]) for run in table()])
    losses = np.array([1.0 - (run["objective"] or 0.0) for run in table()])
    model = ExtraTreesRegressor(TREES, min_samples_leaf=2, bootstrap=True, oob_score=True, random_state=0)
    return model.fit(rows, losses)


def loss(params: dict[str, Any]) -> float:
    return float(forest().predict([features(params)])[0])


@cache
def noise() -> float:
    """The standard deviation of a run's result about the mean of its point."""
    twins = defaultdict(list)
    for run in table():
        twins[json.dumps(run["params"])].append(run["objective"])
    pairs = [found[:2] for found in twins.values() if len(found) > 1 and None not in found[:2]]
    return float(np.sqrt(np.mean([(a - b) ** 2 / 2.0 for a, b in pairs])))
