"""The process behind `rarebeat check --data`: builds and starts points of a sweep as a run would.

{"data": "data/mitdb.h5", "points": [{"model": "cnn", "epochs": 2}]} on stdin; one line of JSON on stdout
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import keras

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from training import boosting
from training.budget import peak_bytes
from training.fit import fit_member
from training.folds import ranked_classes, validation_sides
from training.hyperparameters import resolve

STEPS = 4  # the first compiles, the second allocates


class Enough(Exception):
    """The probe has seen what it wanted."""


class Clock(keras.callbacks.Callback):
    """Notes what a fit builds and how long steps take; ends it after `steps`, with 0 before the first."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.times = [time.perf_counter()]

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.parameters = self.model.count_params()
        self.steps_per_epoch = self.params["steps"]
        if not self.steps:
            raise Enough

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.times.append(time.perf_counter())
        if len(self.times) > min(self.steps, self.steps_per_epoch):
            raise Enough


def watch(hp: Mapping, dataset: Dataset, steps: int) -> Clock:
    """Start the fit of `hp` on `dataset` and end it after `steps` gradient steps.

    Raises:
        BadInput: what a run with these values would refuse.
    """
    clock = Clock(steps)
    ranked, _ = ranked_classes(validation_sides(hp, dataset), dataset.classes)
    fold = 0 if hp["folds"] else None
    try:
        fit_member(hp, dataset, ranked, lambda row: None, fold, guards=lambda _: [clock])
    except Enough:
        pass
    finally:
        keras.backend.clear_session()
    return clock


def measured(point: Mapping, dataset: Dataset) -> dict:
    """Return parameters, seconds of a step and of a whole run, and the process's peak memory in MB."""
    hp = resolve(point, dataset.task)
    clock = watch(hp, dataset, STEPS)
    step = clock.times[-1] - clock.times[-2]
    _, validation = dataset.sides(hp["folds"], 0 if hp["folds"] else None)
    # A prediction is the forward third of a gradient step.
    epoch = step * (clock.steps_per_epoch + len(validation) / hp["batch_size"] / 3)
    return {
        "point": dict(point),
        "parameters": clock.parameters,
        "megabytes": clock.parameters * 4 / 1e6,
        "step_seconds": step,
        "run_seconds": epoch * hp["epochs"] * max(hp["folds"], 1),
        "memory_mb": peak_bytes() / 1e6,
    }


def probe(data: str, points: list[dict]) -> dict:
    """Return the smallest and the largest of `points` measured, and the points that a run would refuse."""
    dataset = open_dataset(Path(data))
    sized, refused = [], []
    for point in points:
        try:
            hp = resolve(point, dataset.task)
            if hp["model"] not in boosting.MODELS:
                sized.append((watch(hp, dataset, 0).parameters, len(sized), point))
        except BadInput as error:
            refused.append({"point": point, "sentence": str(error)})
    ends = {sized_point[1]: sized_point[2] for sized_point in (min(sized), max(sized))} if sized else {}
    return {"refused": refused, "measured": [measured(point, dataset) for point in ends.values()]}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    try:
        print(json.dumps(probe(**asked)), flush=True)
    except BadInput as error:
        sys.exit(str(error))
