"""Fit one model on one split: the single validation side of a file, or one of its patient folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation, fit_preparation
from data_utils.samplers import build_sampler
from models import Spec, build_model
from training.batches import TrainingBatches
from training.epoch_log import EpochLog, measure_by
from training.losses import ClassCounts, build_loss
from training.metric_names import OBJECTIVE
from training.optimizer import build_optimizer

HYPERPARAMETERS = {
    "epochs": {
        "type": "int",
        "default": 12,
        "min": 1,
        "max": 10000,
        "meaning": "Epochs at most; early stopping may end a run before.",
    },
    "batch_size": {
        "type": "int",
        "default": 128,
        "min": 1,
        "max": 65536,
        "meaning": "Examples of one gradient step.",
    },
    "steps_per_epoch": {
        "type": "int",
        "default": 0,
        "min": 0,
        "max": 1000000,
        "meaning": "Gradient steps of one epoch; 0 is one pass of the sampler over the training side.",
    },
    "patience": {
        "type": "int",
        "default": 5,
        "min": 1,
        "max": 10000,
        "meaning": "Epochs without a better macro AUPRC on validation after which training stops.",
    },
    "seed": {
        "type": "int",
        "default": 0,
        "min": 0,
        "max": 4294967295,
        "meaning": "Seed of weights, draws and dropout; fold f takes seed + f.",
    },
}


@dataclass(frozen=True)
class Member:
    """A fitted model with the weights of its best epoch, and what it said on its validation side.

    Attributes:
        model: gives logits.
        preparation: fitted on its training side.
        validation: the side it was validated on.
        fold: which fold that was; None for the file's single validation side.
        logits: (n, K) float32, of the validation side in the best epoch.
        epoch_best: counted from 1.
        metrics: by name, without side, of the best epoch.
        best: running best of each metric over all epochs.
    """

    model: keras.Model
    preparation: Preparation
    validation: Side
    fold: int | None
    logits: np.ndarray
    epoch_best: int
    metrics: dict[str, float]
    best: dict[str, float]


def fit_member(
    hp: Mapping,
    dataset: Dataset,
    ranked: Sequence[str],
    log: Callable[[dict[str, float]], None],
    fold: int | None = None,
) -> Member:
    """Train on one side and validate on the other, which share no patient.

    Args:
        hp: all hyperparameters, resolved.
        ranked: classes that macro averages are taken over.
        log: takes one row an epoch.
        fold: with `hp["folds"]` of them; None takes the file's single validation side.

    Raises:
        BadInput: a model that cannot be built for this window, or folds that the file does not have.
        LossNotFinite: training diverged.
    """
    keras.utils.set_random_seed((hp["seed"] + (fold or 0)) % 2**32)
    train, validation = dataset.sides(hp["folds"], fold)
    preparation = fit_preparation(train, hp["window"], hp["scaling"], hp["covariates"])
    sampler = build_sampler(hp, train, hp["steps_per_epoch"], hp["batch_size"])
    batches = TrainingBatches(Examples(train, preparation), sampler, (hp["seed"], fold or 0))

    model = _build(hp, dataset, preparation, batches.prior())
    loss = build_loss(hp, ClassCounts.of(train.targets))
    model.compile(build_optimizer(hp, len(batches)), loss)

    epochs = EpochLog(
        Examples(validation, preparation),
        loss,
        measure_by(validation.targets, dataset.classes, ranked, hp["link"], dataset.task),
        len(batches) * hp["batch_size"],
        log,
        hp["learning_rate"],
    )
    stopping = keras.callbacks.EarlyStopping(
        f"val/{OBJECTIVE}", mode="max", patience=hp["patience"], restore_best_weights=True
    )
    # Keras would shuffle the batches by the global generator, so that an epoch depended on what came before.
    model.fit(batches, epochs=hp["epochs"], shuffle=False, verbose=0, callbacks=[epochs, stopping])
    return Member(
        model,
        preparation,
        validation,
        fold,
        epochs.best_logits,
        epochs.best_epoch,
        epochs.best_metrics,
        epochs.best.values,
    )


def _build(hp: Mapping, dataset: Dataset, preparation: Preparation, prior: tuple[float, ...]) -> keras.Model:
    spec = Spec(
        length=preparation.length(dataset.rate),
        channels=len(dataset.leads),
        covariates=len(preparation.covariate_mean),
        classes=len(dataset.classes),
        task=dataset.task,
        prior=prior,
    )
    try:
        return build_model(hp, spec)
    except ValueError as error:
        raise BadInput(str(error)) from error
