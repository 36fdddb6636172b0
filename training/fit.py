"""Fit one model on one split: the single validation side of a file, or one of its patient folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from data_utils.augment import build_augmenter
from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import HYPERPARAMETERS as PREPARATION
from data_utils.preparation import Preparation, fit_preparation
from data_utils.samplers import build_sampler
from models import Spec, build_model
from training import boosting, transfer
from training.batches import TrainingBatches
from training.boosted import Trees
from training.checkpoint import Checkpoints, Keeper, restore
from training.epoch_log import EpochLog, measure_by
from training.losses import ClassCounts, LossProgress, MaskedLoss, build_loss
from training.metric_names import OBJECTIVE
from training.optimizers import averaging, build_optimizer, in_float32, plateau, precision

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
        prior_shift: (K,) what takes its logits from the prior that its loss and sampler made it see to that
            of its training side; None where that is not known.
        inherited: patients who have taught the model that it started from (`training.patients`).
    """

    model: keras.Model | Trees
    preparation: Preparation
    validation: Side
    fold: int | None
    logits: np.ndarray
    epoch_best: int
    metrics: dict[str, float]
    best: dict[str, float]
    prior_shift: np.ndarray | None = None
    inherited: frozenset[str] = frozenset()


# Callbacks that may end a fold from outside: limits of time and memory, a signal.
Guards = Callable[[int | None], list[keras.callbacks.Callback]]


def no_guards(fold: int | None) -> list[keras.callbacks.Callback]:
    """Return what holds a fit to nothing but its epochs and its patience."""
    return []


def fit_member(
    hp: Mapping,
    dataset: Dataset,
    ranked: Sequence[str],
    log: Callable[[dict[str, float]], None],
    fold: int | None = None,
    checkpoints: Checkpoints | None = None,
    guards: Guards = no_guards,
) -> Member:
    """Train on one side and validate on the other, which share no patient.

    Args:
        hp: all hyperparameters, resolved.
        ranked: classes that macro averages are taken over.
        log: takes one row an epoch.
        fold: with `hp["folds"]` of them; None takes the file's single validation side.
        checkpoints: where training goes on from, and is kept; None keeps nothing.
        guards: fold -> further callbacks.

    Raises:
        BadInput: a model that cannot be built for this window, or folds that the file does not have.
        LossNotFinite: training diverged.
    """
    checkpoints = checkpoints or Checkpoints()
    if hp["model"] in boosting.MODELS:
        return _fit_trees(hp, dataset, ranked, log, fold, checkpoints, guards)
    keras.utils.set_random_seed((hp["seed"] + (fold or 0)) % 2**32)
    train, validation = dataset.sides(hp["folds"], fold)
    preparation = fit_preparation(train, **{name: hp[name] for name in PREPARATION})
    sampler = build_sampler(hp, train, hp["steps_per_epoch"], hp["batch_size"])
    rate, leads = preparation.resample_to or dataset.rate, len(preparation.lead_names(dataset))
    augment = build_augmenter(hp, rate, leads)
    seed = (hp["seed"], fold or 0)
    batches = TrainingBatches(Examples(train, preparation), sampler, seed, hp["epochs"], augment)

    counts = ClassCounts.of(train.targets, dataset.classes)
    loss = build_loss(hp, counts)
    with precision(hp):
        model = _build(hp, dataset, preparation, loss.implied_prior(batches.prior()))
    if not fold:
        _say_uncorrected(hp, loss)
    inherited = transfer.start(model, hp, dataset, preparation)
    optimizer = transfer.with_head_rate(build_optimizer(hp, len(batches)), model, hp["head_learning_rate"])
    model.compile(optimizer, loss)

    def member(**found: object) -> Member:
        # Samplers and losses may change on the way: what counts is what the epoch that is kept has seen.
        epoch = found["epoch_best"] - 1
        loss.begin_epoch(epoch / hp["epochs"])
        seen = loss.implied_prior(batches.prior(epoch))
        shift = counts.shift_from(seen, hp["link"])
        known = {"prior_shift": shift, "inherited": inherited}
        return Member(in_float32(model), preparation, validation, fold, **found, **known)

    if finished := checkpoints.member(fold):
        model.set_weights(finished["weights"])
        return member(**finished["found"])

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
    callbacks = [LossProgress(loss), *averaging(hp), epochs, *plateau(hp), stopping, *guards(fold)]
    _fit(model, batches, hp["epochs"], [*callbacks, Keeper(checkpoints, fold, callbacks)])
    return member(
        logits=epochs.best_logits,
        epoch_best=epochs.best_epoch,
        metrics=epochs.best_metrics,
        best=epochs.best,
    )


def _say_uncorrected(hp: Mapping, loss: MaskedLoss) -> None:
    if hp["prior_correction"] and hp["calibration"] != "platt" and not loss.shift_known:
        print(
            f"prior_correction knows the sampler and class weights, but not what else {loss.name} does to how"
            " common a class looks: calibration platt finds that as well.",
            flush=True,
        )


def _fit_trees(
    hp: Mapping,
    dataset: Dataset,
    ranked: Sequence[str],
    log: Callable[[dict[str, float]], None],
    fold: int | None,
    checkpoints: Checkpoints,
    guards: Guards,
) -> Member:
    """As `fit_member`, by boosting; a fold that was not finished begins anew."""
    train, validation = dataset.sides(hp["folds"], fold)
    measure = measure_by(validation.targets, dataset.classes, ranked, hp["link"], dataset.task)
    boosted = boosting.begin(hp, dataset, (train, validation), measure, log)
    of_all = (boosted.trees, boosted.preparation, validation, fold)
    if finished := checkpoints.member(fold):
        boosted.trees.set_weights(finished["weights"])
        return Member(*of_all, **finished["found"], inherited=boosted.inherited)
    boosting.fit(hp, fold, train, boosted, guards(fold))
    epochs = boosted.epochs
    found = (epochs.best_logits, epochs.best_epoch, epochs.best_metrics, epochs.best)
    return Member(*of_all, *found, inherited=boosted.inherited)


def _fit(
    model: keras.Model, batches: TrainingBatches, epochs: int, callbacks: list[keras.callbacks.Callback]
) -> None:
    """Fit from where the last callback, the keeper, says that the fold stands."""
    # Variables that came to be while a step is traced would have TensorFlow trace it twice.
    model.optimizer.build(model.trainable_variables)
    keeper = callbacks[-1]
    kept = keeper.checkpoints.epoch(keeper.fold)
    if kept:
        restore(model, kept)
        # As at the end of the epoch before, which draws the next one.
        batches.epoch = kept["epoch"] - 1
        batches.on_epoch_end()
    # Of a fold that is over only what its callbacks remember is wanted, such as the best weights.
    until = kept["epoch"] if kept and kept["over"] else epochs
    # Keras would shuffle the batches by the global generator, so that an epoch depended on what came before.
    model.fit(
        batches,
        initial_epoch=kept["epoch"] if kept else 0,
        epochs=until,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )


def _build(hp: Mapping, dataset: Dataset, preparation: Preparation, prior: tuple[float, ...]) -> keras.Model:
    spec = Spec(
        length=preparation.length(dataset.rate),
        channels=preparation.channels(dataset),
        covariates=len(preparation.covariate_names(dataset)),
        classes=len(dataset.classes),
        task=dataset.task,
        prior=prior,
    )
    try:
        return build_model(hp, spec)
    except ValueError as error:
        raise BadInput(str(error)) from error
