"""Gradient boosting in the place of a network: on features and the window, or on a network's embedding.

The same run around it: patient folds, sampler and class weights, one row of metrics a round of trees, the
best round kept. ConvXGB: Thongsuwan et al. 2021.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import keras
import numpy as np

import models
from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import HYPERPARAMETERS as PREPARATION
from data_utils.preparation import Preparation, fit_preparation
from data_utils.samplers import build_sampler
from training.boosted import Trees, matrix, xgboost_library
from training.embedding import load_embedding
from training.epoch_log import EpochLog
from training.losses import ClassCounts, build_loss
from training.losses.class_weights import class_weights
from training.patients import read_patients

if TYPE_CHECKING:
    import xgboost

FEATURES, EMBEDDING = MODELS = ("xgboost_features", "xgboost_embedding")
WEIGHTED = ("ce", "weighted_ce")
# Of a run whose other hyperparameters trees do see.
OF_NETWORKS = (
    *("batch_size", "steps_per_epoch", "freeze_until", "head_learning_rate"),
    *("label_smoothing", "prior_correction"),
)
_UNKNOWN = 255

HYPERPARAMETERS = {
    "boost_trees": {
        "type": "int",
        "default": 20,
        "min": 1,
        "max": 1000,
        "meaning": "Rounds of boosting that count as one epoch.",
    },
    "boost_rate": {
        "type": "float",
        "default": 0.1,
        "min": 1.0e-3,
        "max": 1.0,
        "meaning": "Shrinkage: how much of each tree is taken.",
    },
    "boost_depth": {"type": "int", "default": 6, "min": 1, "max": 16, "meaning": "Depth of a tree."},
    "boost_leaf": {
        "type": "float",
        "default": 1.0,
        "min": 0.0,
        "max": 1.0e6,
        "meaning": "Least sum of second derivatives in a leaf: more is smoother.",
    },
    "boost_rows": {
        "type": "float",
        "default": 1.0,
        "min": 0.1,
        "max": 1.0,
        "meaning": "Share of rows that each tree sees.",
    },
    "boost_columns": {
        "type": "float",
        "default": 1.0,
        "min": 0.01,
        "max": 1.0,
        "meaning": "Share of inputs that each tree sees.",
    },
}


def with_boosting(declared: Mapping[str, dict]) -> dict[str, dict]:
    """Return the models' hyperparameters, the boosted ones and theirs among them."""
    model = {**declared["model"], "choices": [*declared["model"]["choices"], *MODELS]}
    ours = {name: {**one, "active": {"model": list(MODELS)}} for name, one in HYPERPARAMETERS.items()}
    return {**declared, "model": model, **ours}


def of_networks(declared: Mapping[str, dict]) -> dict[str, dict]:
    """Return hyperparameters that mean nothing to trees as such."""
    networks = {"model": models.hyperparameters()["model"]["choices"]}
    return {name: {**one, "active": {**one.get("active", {}), **networks}} for name, one in declared.items()}


@dataclass
class Boosted:
    """A fold fitted so far: what `training.fit.Member` is made of."""

    trees: Trees
    preparation: Preparation
    inherited: frozenset[str]
    validation: Side
    epochs: EpochLog


@dataclass
class _State:
    """What a Keras callback sees of a model that is none."""

    stop_training: bool = False

    def jax_state_sync(self) -> None:
        """Nothing is elsewhere."""


def begin(
    hp: Mapping,
    dataset: Dataset,
    sides: tuple[Side, Side],
    measure: Callable[[np.ndarray], dict[str, float]],
    log: Callable[[dict[str, float]], None],
) -> Boosted:
    """Return a fold without trees.

    Raises:
        BadInput: a loss or an embedding that trees cannot be given, or XGBoost is not installed.
    """
    train, validation = sides
    xgboost_library()
    if hp["loss"] not in WEIGHTED:
        raise BadInput(f"Boosting has no loss {hp['loss']}: use one of {', '.join(WEIGHTED)}.")
    network, preparation, inherited = _inputs(hp, dataset, train)
    loss = build_loss(hp, ClassCounts.of(train.targets, dataset.classes))
    log_epoch = EpochLog(Examples(validation, preparation), loss, measure, len(train), log, hp["boost_rate"])
    return Boosted(Trees([], network), preparation, inherited, validation, log_epoch)


def fit(hp: Mapping, fold: int | None, train: Side, boosted: Boosted, guards: Sequence) -> None:
    """Add trees, epoch by epoch, until the objective no longer improves; keep the best epoch's.

    Args:
        guards: Keras callbacks that may end the fold from outside.
    """
    trees, epochs, state = boosted.trees, boosted.epochs, _State()
    inputs = matrix(Examples(train, boosted.preparation), trees.network)
    there = matrix(epochs.validation, trees.network)
    problems = [_Problem.of(one, inputs) for one in _problems(hp, fold, train)]
    trees.boosters = [one.booster for one in problems]
    for guard in guards:
        guard.set_model(state)
    for epoch in range(hp["epochs"]):
        for callback in (epochs, *guards):
            callback.on_epoch_begin(epoch)
        _grow(problems, range(epoch * hp["boost_trees"], (epoch + 1) * hp["boost_trees"]), guards)
        loss = float(epochs.loss(train.targets, trees.logits(inputs)))
        epochs.take(epoch, loss, trees.logits(there))
        for guard in guards:
            guard.on_epoch_end(epoch)
        if state.stop_training or epoch + 1 - epochs.best_epoch >= hp["patience"]:
            break
    trees.boosters = [one[: epochs.best_epoch * hp["boost_trees"]] for one in trees.boosters]


def _grow(problems: Sequence[_Problem], rounds: range, guards: Sequence) -> None:
    for number in rounds:
        for problem in problems:
            problem.booster.update(problem.rows, number)
        for guard in guards:
            guard.on_train_batch_end(number)


def _inputs(
    hp: Mapping, dataset: Dataset, train: Side
) -> tuple[keras.Model | None, Preparation, frozenset[str]]:
    if hp["model"] == FEATURES:
        preparation = fit_preparation(train, **{name: hp[name] for name in PREPARATION})
        # Trees do not mind the scale, and folds that share one can be averaged.
        count = len(preparation.covariate_mean)
        plain = replace(preparation, covariate_mean=(0.0,) * count, covariate_std=(1.0,) * count)
        return None, plain, frozenset()
    if not hp["init_from"]:
        raise BadInput(f"model {EMBEDDING} needs init_from: the trained network whose embedding it sees.")
    network, preparation, card = load_embedding("init_from", hp, dataset)
    return network, preparation, read_patients([card])


@dataclass(frozen=True)
class _Task:
    """What one booster learns: which rows of the training side, their targets, weights and the settings."""

    rows: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    settings: dict


@dataclass(frozen=True)
class _Problem:
    """A booster and its rows."""

    booster: xgboost.Booster
    rows: xgboost.DMatrix

    @classmethod
    def of(cls, task: _Task, inputs: np.ndarray) -> _Problem:
        library = xgboost_library()
        rows = library.DMatrix(inputs[task.rows], task.target, weight=task.weight)
        return cls(library.Booster(task.settings, [rows]), rows)


def _problems(hp: Mapping, fold: int | None, train: Side) -> list[_Task]:
    """Return one task of all classes under softmax, or one for each class."""
    drawn = _drawn(hp, fold, train)
    counts = ClassCounts.of(train.targets, train.dataset.classes)
    classes = train.targets.shape[1]
    weights = class_weights(counts, hp, hp["link"]) if hp["loss"] == "weighted_ce" else np.ones(classes)
    if hp["link"] == "softmax":
        rows = np.flatnonzero((train.targets != _UNKNOWN).all(axis=1) & (drawn > 0))
        target = train.targets[rows].argmax(axis=1)
        settings = _settings(hp, fold) | {"objective": "multi:softprob", "num_class": classes}
        return [_Task(rows, target, drawn[rows] * weights[target], settings)]
    tasks = []
    for k in range(classes):
        rows = np.flatnonzero((train.targets[:, k] != _UNKNOWN) & (drawn > 0))
        target = train.targets[rows, k]
        weight = drawn[rows] * np.where(target == 1, weights[k], 1.0)
        tasks.append(_Task(rows, target, weight, _settings(hp, fold) | {"objective": "binary:logistic"}))
    return tasks


def _settings(hp: Mapping, fold: int | None) -> dict:
    return {
        "tree_method": "hist",
        "eta": hp["boost_rate"],
        "max_depth": hp["boost_depth"],
        "min_child_weight": hp["boost_leaf"],
        "subsample": hp["boost_rows"],
        "colsample_bytree": hp["boost_columns"],
        "seed": (hp["seed"] + (fold or 0)) % 2**31,
        "nthread": int(os.environ.get("OMP_NUM_THREADS", 0)),
    }


def _drawn(hp: Mapping, fold: int | None, train: Side) -> np.ndarray:
    """Return how often the sampler draws each row in one pass (n,): trees take that as a weight.

    Raises:
        BadInput: a sampler that mixes rows.
    """
    recipes = build_sampler(hp, train, 0, 1).epoch(np.random.default_rng([hp["seed"], fold or 0]))
    if recipes.mates is not None or recipes.noise is not None:
        raise BadInput(
            f"Trees cannot see rows that sampler {hp['sampler']} mixes: use one that repeats rows."
        )
    return np.bincount(recipes.rows, minlength=len(train)).astype(float)
