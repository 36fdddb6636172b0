"""What the search benchmark minimises: sweeps of the kind of ours, cheap enough to run thousands of times.

`focal` and `noisy` are synthetic and were used to tune our engine. `linear` and `boosting` train a classifier
on imbalanced data, `training` reads from a table of real runs what a run would come to: these only measure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from searching import tabulated

Params = dict[str, Any]


@dataclass(frozen=True)
class Objective:
    """`loss` is what is to be minimised; `crashes` where a run ends without a result."""

    parameters: dict[str, dict]
    loss: Callable[[Params], float]
    inactive: Callable[[Params], tuple[str, ...]] = lambda params: ()
    crashes: Callable[[Params], bool] = lambda params: False
    noise: float = 0.0  # standard deviation of what a run logs


RATE = {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1}


def _bowl(x: float, best: float, width: float) -> float:
    return ((x - best) / width) ** 2


FOCAL = {
    "loss": {"values": ["ce", "weighted_ce", "focal"]},
    "gamma": {"min": 0.0, "max": 5.0},
    "alpha": {"min": 0.05, "max": 0.95},
    "n_blocks": {"min": 1, "max": 6},
    "sampler": {"values": ["none", "sqrt", "class_aware"]},
    "learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2},
}


def focal_inactive(params: Params) -> tuple[str, ...]:
    return () if params["loss"] == "focal" else ("gamma", "alpha")


def focal_loss(params: Params) -> float:
    """A larger gamma wants a smaller alpha; focal loss and resampling both correct for rarity."""
    loss = {"ce": 0.08, "weighted_ce": 0.05, "focal": 0.0}[params["loss"]]
    sampler = {"none": 0.04, "sqrt": 0.0, "class_aware": 0.02}[params["sampler"]]
    if params["loss"] == "focal":
        gamma, alpha = params["gamma"], params["alpha"]
        loss += 0.06 * (1 - math.exp(-_bowl(gamma, 1.6, 1.2) - _bowl(alpha, 0.75 - 0.12 * gamma, 0.25)))
        sampler += 0.04 * (params["sampler"] == "class_aware")
    rate = math.log10(params["learning_rate"]) + 2.2 + 0.15 * params["n_blocks"]
    depth = 0.05 * (1 - math.exp(-_bowl(params["n_blocks"], 4, 2.0)))
    return 0.2 + loss + sampler + depth + 0.1 * (1 - math.exp(-_bowl(rate, -0.6, 0.5)))


NOISY = {
    "learning_rate": RATE,
    "weight_decay": {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-1},
    "dropout": {"distribution": "q_uniform", "min": 0.0, "max": 0.6, "q": 0.05},
    "filters": {"values": [16, 32, 64, 128]},
    "optimizer": {"values": ["adam", "sgd", "rmsprop"]},
    "augment": {"values": [True, False]},
}


def noisy_crashes(params: Params) -> bool:
    limit = {"adam": 1e-2, "sgd": 6e-2, "rmsprop": 4e-3}[params["optimizer"]]
    return params["learning_rate"] > limit or (
        params["filters"] == 128 and params["learning_rate"] > limit / 3
    )


def noisy_loss(params: Params) -> float:
    best = {"adam": -3.0, "sgd": -1.8, "rmsprop": -3.3}[params["optimizer"]]
    rate = 0.15 * math.tanh(0.5 * _bowl(math.log10(params["learning_rate"]), best, 0.6))
    size = math.log2(params["filters"]) - 4
    dropout = 0.3 * (params["dropout"] - 0.1 - 0.08 * size) ** 2
    decay = 0.01 * _bowl(math.log10(params["weight_decay"]), -3.5, 1.5)
    fixed = {"adam": 0.0, "sgd": 0.02, "rmsprop": 0.015}[params["optimizer"]] + 0.03 * (not params["augment"])
    return 0.3 - 0.02 * size + rate + dropout + min(decay, 0.08) + fixed


LINEAR = {
    "alpha": {"distribution": "log_uniform_values", "min": 1e-7, "max": 1e-1},
    "schedule": {"values": ["optimal", "constant", "invscaling", "adaptive"]},
    "eta0": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
    "power_t": {"min": 0.05, "max": 0.95},
    "penalty": {"values": ["l2", "l1", "elasticnet"]},
    "l1_ratio": {"min": 0.0, "max": 1.0},
    "rare_weight": {"distribution": "log_uniform_values", "min": 1.0, "max": 50.0},
}


def linear_inactive(params: Params) -> tuple[str, ...]:
    idle = []
    if params["schedule"] == "optimal":
        idle.append("eta0")
    if params["schedule"] != "invscaling":
        idle.append("power_t")
    if params["penalty"] != "elasticnet":
        idle.append("l1_ratio")
    return tuple(idle)


@cache
def imbalanced(samples: int, features: int, rare: float, seed: int) -> tuple[np.ndarray, ...]:
    """(X, y) to fit and (X, y) to measure: clusters of which a share `rare` is positive, 1% mislabelled."""
    from sklearn.datasets import make_classification
    from sklearn.model_selection import train_test_split

    x, y = make_classification(
        samples,
        features,
        n_informative=features // 3,
        n_clusters_per_class=3,
        weights=[1 - rare],
        flip_y=0.01,
        class_sep=0.9,
        random_state=seed,
    )
    fit_x, x, fit_y, y = train_test_split(x, y, test_size=0.5, stratify=y, random_state=seed)
    return fit_x, fit_y, x, y


def linear_loss(params: Params) -> float:
    """1 - AUPRC of stochastic gradient descent on a linear model."""
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import average_precision_score

    fit_x, fit_y, x, y = imbalanced(2400, 30, 0.06, 11)
    model = SGDClassifier(
        loss="log_loss",
        alpha=params["alpha"],
        learning_rate=params["schedule"],
        eta0=params["eta0"],
        power_t=params["power_t"],
        penalty=params["penalty"],
        l1_ratio=params["l1_ratio"],
        class_weight={0: 1.0, 1: params["rare_weight"]},
        max_iter=8,
        tol=None,
        random_state=0,
    ).fit(fit_x, fit_y)
    scores = np.nan_to_num(model.decision_function(x), nan=0.0, posinf=1e30, neginf=-1e30)
    return 1.0 - float(average_precision_score(y, scores))


BOOSTING = {
    "learning_rate": {"distribution": "log_uniform_values", "min": 0.01, "max": 1.0},
    "max_iter": {"min": 5, "max": 60},
    "max_leaf_nodes": {"values": [3, 5, 9, 17, 31]},
    "min_samples_leaf": {"distribution": "q_log_uniform_values", "min": 1, "max": 100, "q": 1},
    "l2_regularization": {"distribution": "log_uniform_values", "min": 1e-3, "max": 1e2},
    "max_features": {"distribution": "q_uniform", "min": 0.1, "max": 1.0, "q": 0.1},
    "balanced": {"values": [True, False]},
}


def boosting_loss(params: Params) -> float:
    """1 - AUPRC of gradient boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import average_precision_score

    fit_x, fit_y, x, y = imbalanced(1600, 12, 0.08, 5)
    model = HistGradientBoostingClassifier(
        learning_rate=params["learning_rate"],
        max_iter=params["max_iter"],
        max_leaf_nodes=params["max_leaf_nodes"],
        min_samples_leaf=params["min_samples_leaf"],
        l2_regularization=params["l2_regularization"],
        max_features=params["max_features"],
        class_weight="balanced" if params["balanced"] else None,
        max_bins=32,
        early_stopping=False,
        random_state=0,
    ).fit(fit_x, fit_y)
    return 1.0 - float(average_precision_score(y, model.predict_proba(x)[:, 1]))


OBJECTIVES = {
    "focal": Objective(FOCAL, focal_loss, focal_inactive),
    "noisy": Objective(NOISY, noisy_loss, crashes=noisy_crashes, noise=0.02),
    "linear": Objective(LINEAR, linear_loss, linear_inactive),
    "boosting": Objective(BOOSTING, boosting_loss),
    "training": Objective(tabulated.PARAMETERS, tabulated.loss, tabulated.inactive, noise=tabulated.noise()),
}
