"""Search in one process with KerasTuner's oracles: the parameters of a W&B sweep, the training of its runs.

A hyperparameter that has no effect under another's value (`active` in its declaration) is a conditional
one: no oracle varies it in vain. Under Hyperband (Li et al. 2018) a trial that is promoted goes on with the
weights of its earlier round.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import keras
import keras_tuner
import numpy as np

from data_utils.dataset import Dataset
from data_utils.errors import BadInput
from training import card
from training.checkpoint import Checkpoints, identity
from training.epoch_log import LossNotFinite
from training.fit import Member, fit_member
from training.folds import mean_best, ranked_classes, validation_sides
from training.hyperparameters import TABLE, inactive, resolve
from training.outcome import conclude
from training.predictions import pool
from training.result import write_result


@dataclass(frozen=True)
class Trial:
    """One trial: "finished" or "failed", and what a run of a sweep would have logged."""

    id: str
    state: str
    hp: dict[str, Any]
    inactive: tuple[str, ...]
    summary: dict[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Search:
    """What is searched, by whom.

    Attributes:
        tuner: bayesian, hyperband, random or grid.
        parameters: of the sweep: name -> W&B's specification.
        metric: "best/X".
        goal: "maximize" or "minimize".
        trials: at most; None leaves the end to the tuner (hyperband, grid) or takes ten.
        seed: of the oracle.
    """

    tuner: str
    parameters: Mapping[str, Mapping[str, Any]]
    metric: str
    goal: str
    trials: int | None = None
    seed: int = 0

    @property
    def fixed(self) -> dict[str, Any]:
        """Parameters with one value."""
        return {name: one["value"] for name, one in self.parameters.items() if "value" in one}


def tune(search: Search, dataset: Dataset, folder: Path, done: Callable[[Trial, bool], None]) -> list[Trial]:
    """Run the search to its end or to an interrupt, and return its trials in their order.

    Args:
        folder: gets ID/ of each trial that did not fail: predictions and card, and of the best its model.
        done: takes each trial when it is over, and whether it is the best so far.

    Raises:
        BadInput: a parameter that KerasTuner cannot search, or a metric that it cannot follow.
    """
    if dataset.task == "multilabel":
        # As a run has it: what means something under sigmoid alone is searched.
        search = replace(search, parameters={"link": {"value": "sigmoid"}, **search.parameters})
    runner = _Runner(_oracle(search), search, dataset, folder, done)
    try:
        with contextlib.suppress(_Enough, KeyboardInterrupt):
            runner.search()
    except keras_tuner.errors.FatalError as error:
        raise error.__cause__ or error from None
    return runner.finished


class _Enough(Exception):
    """As many trials as asked for have been run."""


def space(search: Search) -> keras_tuner.HyperParameters:
    """Return the parameters that vary, those with a condition under their conditions.

    Raises:
        BadInput: a distribution that KerasTuner does not have.
    """
    made = keras_tuner.HyperParameters()
    left = {name: one for name, one in search.parameters.items() if "value" not in one}

    def declare(name: str) -> None:
        if name in made:
            return
        conditions = _conditions(name, search, left)
        if conditions is None:
            return
        for parent in conditions:
            declare(parent)
        with contextlib.ExitStack() as scopes:
            for parent, values in conditions.items():
                scopes.enter_context(made.conditional_scope(parent, values))
            _declare(made, name, left[name])

    for name in left:
        declare(name)
    if not made.space:
        raise BadInput("This YAML leaves nothing to search: give a parameter `values`, or `min` and `max`.")
    return made


def _conditions(name: str, search: Search, varied: Mapping) -> dict[str, list] | None:
    """Return the varied parents of a parameter with the values that make it count; None where none does."""
    conditions: dict[str, list] = {}
    for parent, values in TABLE[name].get("active", {}).items():
        if parent in varied:
            possible = [one for one in varied[parent].get("values", values) if one in values]
            if not possible:
                return None
            conditions |= (_conditions(parent, search, varied) or {}) | {parent: possible}
        elif search.fixed.get(parent, TABLE[parent]["default"]) not in values:
            return None
    return conditions


def _declare(made: keras_tuner.HyperParameters, name: str, one: Mapping[str, Any]) -> None:
    kind = one.get("distribution") or _inferred(one)
    if kind == "categorical":
        made.Choice(name, _alike(name, one["values"]), ordered=False)
    elif kind == "int_uniform":
        made.Int(name, one["min"], one["max"])
    elif kind == "uniform":
        made.Float(name, float(one["min"]), float(one["max"]))
    elif kind == "log_uniform_values":
        made.Float(name, float(one["min"]), float(one["max"]), sampling="log")
    elif kind == "log_uniform":
        made.Float(name, math.exp(one["min"]), math.exp(one["max"]), sampling="log")
    elif kind == "q_uniform":
        q = one.get("q", 1)
        made.Float(name, math.ceil(one["min"] / q) * q, one["max"], step=q)
    else:
        raise BadInput(
            f"{name} is distributed by {kind}, which KerasTuner does not have: use values, uniform, "
            "q_uniform, log_uniform_values or whole bounds, or `rarebeat sweep`."
        )


def _inferred(one: Mapping[str, Any]) -> str:
    if "values" in one:
        return "categorical"
    return "int_uniform" if isinstance(one["min"], int) and isinstance(one["max"], int) else "uniform"


def _alike(name: str, values: Sequence) -> list:
    """Return values of one type, as KerasTuner wants them."""
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    if numbers and len({type(one) for one in values}) > 1:
        return [float(one) for one in values]
    if len({type(one) for one in values}) > 1 or not isinstance(values[0], bool | int | float | str):
        raise BadInput(f"{name} has values of several kinds, which KerasTuner does not take: {values}.")
    return list(values)


def _oracle(search: Search) -> keras_tuner.Oracle:
    direction = "max" if search.goal == "maximize" else "min"
    common = {
        "objective": keras_tuner.Objective(search.metric, direction),
        "hyperparameters": space(search),
        "tune_new_entries": False,
        "allow_new_entries": False,
        # One failed trial after another says something of the space, and is shown; it is no reason to end.
        "max_consecutive_failed_trials": 10**6,
    }
    if search.tuner == "grid":
        return keras_tuner.oracles.GridSearchOracle(max_trials=search.trials, seed=search.seed, **common)
    if search.tuner == "hyperband":
        if "epochs" in search.parameters and "value" not in search.parameters["epochs"]:
            raise BadInput("epochs are Hyperband's to choose: give the most of them as one `value`.")
        epochs = search.fixed.get("epochs", TABLE["epochs"]["default"])
        return keras_tuner.oracles.HyperbandOracle(max_epochs=epochs, seed=search.seed, **common)
    made = {
        "random": keras_tuner.oracles.RandomSearchOracle,
        "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    }[search.tuner]
    return made(max_trials=search.trials or 10, seed=search.seed, **common)


class EndAfter(keras.callbacks.Callback):
    """Ends training after so many epochs, however many there might be."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if epoch + 1 >= self._epochs:
            self.model.stop_training = True


class _Runner(keras_tuner.Tuner):
    """Runs each trial that the oracle asks for."""

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        search: Search,
        dataset: Dataset,
        folder: Path,
        done: Callable[[Trial, bool], None],
    ) -> None:
        self._search, self._dataset, self._folder, self._done = search, dataset, folder, done
        self.finished: list[Trial] = []
        self.best: tuple[str, float] | None = None
        oracle.verbose = 0
        super().__init__(oracle=oracle, directory=str(folder), project_name="tuner", overwrite=True)

    def pre_create_trial(self) -> None:
        if self._search.trials and len(self.finished) >= self._search.trials:
            raise _Enough

    def on_trial_begin(self, trial: keras_tuner.engine.trial.Trial) -> None:
        """Nothing is shown here: `done` is told."""

    def on_trial_end(self, trial: keras_tuner.engine.trial.Trial) -> None:
        # KerasTuner would print the traceback of a trial whose reason `done` has been told.
        trial.message = ""
        super().on_trial_end(trial)

    def run_trial(self, trial: keras_tuner.engine.trial.Trial) -> dict[str, float]:
        values = dict(trial.hyperparameters.values)
        asked = {name: value for name, value in values.items() if not name.startswith("tuner/")}
        hp, idle = {**self._search.fixed, **asked}, ()
        try:
            hp = resolve(hp, self._dataset.task)
            idle = tuple(inactive(hp))
            summary = self._run(trial.trial_id, hp, values)
        except (BadInput, LossNotFinite) as error:
            self._note(Trial(trial.trial_id, "failed", hp, idle, reason=str(error)), False)
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            # KerasTuner would go on after a fault of ours.
            raise keras_tuner.errors.FatalError(str(error)) from error
        self._refuse_unmeasured(summary)
        is_best = self._keep_model(trial.trial_id, summary[self._search.metric])
        self._note(Trial(trial.trial_id, "finished", hp, idle, summary), is_best)
        return {self._search.metric: summary[self._search.metric]}

    def _refuse_unmeasured(self, summary: Mapping[str, float]) -> None:
        """End the search where no trial will ever have its metric."""
        if self._search.metric not in summary:
            bests = ", ".join(sorted(name for name in summary if name.startswith("best/")))
            raise keras_tuner.errors.FatalError from BadInput(
                f"The metric is {self._search.metric}, which is not measured on {self._dataset.path}: "
                f"take one of {bests}."
            )

    def _keep_model(self, trial: str, value: float) -> bool:
        """Keep the model of the best trial alone; say whether that is this one."""
        sign = 1 if self._search.goal == "maximize" else -1
        is_best = self.best is None or sign * value > sign * self.best[1]
        worse = trial
        if is_best:
            worse, self.best = (self.best or (None,))[0], (trial, value)
        for file in card.model_files(self._folder / worse) if worse else ():
            file.unlink()
        return is_best

    def _note(self, trial: Trial, best: bool) -> None:
        self.finished.append(trial)
        self._done(trial, best)

    def _run(self, trial: str, hp: dict, values: Mapping[str, Any]) -> dict[str, float]:
        began = time.monotonic()
        ranked, _ = ranked_classes(validation_sides(hp, self._dataset), self._dataset.classes)
        folds = [None] if hp["folds"] == 0 else range(hp["folds"])
        members = [self._member(trial, hp, values, ranked, fold) for fold in folds]
        predictions = pool(self._dataset, members)
        outcome = conclude(predictions, members, ranked, hp["link"], self._dataset.task, hp)
        origin = {"path": f"local/{trial}", "server": "none"}
        write_result(self._folder / trial, hp, self._dataset, members, ranked, outcome, predictions, origin)
        epochs = float(np.max([member.epoch_best for member in members]))
        return {
            **outcome.summary,
            **mean_best(members),
            "epoch": values.get("tuner/epochs", epochs),
            "_runtime": time.monotonic() - began,
        }

    def _member(
        self, trial: str, hp: dict, values: Mapping[str, Any], ranked: list[str], fold: int | None
    ) -> Member:
        folder = self._folder / "weights" / trial / str(fold)
        earlier = self._folder / "weights" / str(values.get("tuner/trial_id")) / str(fold)
        if earlier.is_dir():
            shutil.copytree(earlier, folder)
        checkpoints = Checkpoints(folder, identity(hp, self._dataset.digest), hp["epochs"])
        checkpoints.load()
        if kept := checkpoints.epoch(fold):
            kept["over"] = False

        def guards(fold: int | None) -> list[keras.callbacks.Callback]:
            return [EndAfter(values.get("tuner/epochs", hp["epochs"]))]

        return fit_member(hp, self._dataset, ranked, lambda row: None, fold, checkpoints, guards)
