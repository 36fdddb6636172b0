"""The learning rate over a run: a linear warm-up, then a cosine, a line or nothing down."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops
from keras.optimizers.schedules import CosineDecay, LearningRateSchedule

HYPERPARAMETERS = {
    "schedule": {
        "type": "choice",
        "default": "cosine",
        "choices": ["cosine", "linear", "constant", "plateau"],
        "meaning": "What the learning rate does after the warm-up: falls to 0 by a cosine or a line, stays,"
        " or (without a warm-up) drops whenever validation stops getting better.",
    },
    "warmup_epochs": {
        "type": "float",
        "default": 0.5,
        "min": 0.0,
        "max": 100.0,
        "meaning": "Epochs in which the learning rate grows from 0; at most half of all epochs are taken.",
        "active": {"schedule": ["cosine", "linear", "constant"]},
    },
}


def learning_rate(hp: Mapping, steps_per_epoch: int) -> LearningRateSchedule | float:
    """Return the rate over all epochs of the run, or the number that `training.optimizers.plateau` begins at.

    Args:
        hp: learning_rate, schedule, warmup_epochs, epochs.
        steps_per_epoch: batches of one epoch.
    """
    peak, steps = hp["learning_rate"], hp["epochs"] * steps_per_epoch
    warmup = hp["warmup_epochs"] * steps_per_epoch
    if hp["schedule"] == "plateau":
        return peak
    if hp["schedule"] == "cosine":
        return cosine(peak, steps, warmup)
    return WarmUp(peak, steps, _steps_of_warmup(warmup, steps), falls=hp["schedule"] == "linear")


def cosine(peak: float, steps: int, warmup: float) -> LearningRateSchedule:
    """Return the rate over `steps` steps: for `warmup` of them, at most half, it grows from 0 to `peak`, then
    follows a cosine to 0 (Loshchilov & Hutter 2017)."""
    warmup = _steps_of_warmup(warmup, steps)
    if not warmup:
        return CosineDecay(peak, steps)
    return CosineDecay(0.0, steps - warmup, warmup_target=peak, warmup_steps=warmup)


def _steps_of_warmup(warmup: float, steps: int) -> int:
    return round(min(warmup, steps / 2))


@keras.saving.register_keras_serializable(package="rarebeat")
class WarmUp(LearningRateSchedule):
    """Grows from 0 to `peak` by a line, then stays there, or falls to 0 by another.

    Args:
        peak: highest rate.
        steps: of the whole run.
        warmup: steps until the peak, below `steps`.
        falls: whether it cools down to 0 at the last step, or stays.
    """

    def __init__(self, peak: float, steps: int, warmup: int, falls: bool) -> None:
        super().__init__()
        self.peak, self.steps, self.warmup, self.falls = peak, steps, warmup, falls

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        step = ops.cast(step, "float32")
        rising = step / max(self.warmup, 1) if self.warmup else ops.ones_like(step)
        falling = (self.steps - step) / (self.steps - self.warmup) if self.falls else 1.0
        return self.peak * ops.clip(ops.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict:
        return {"peak": self.peak, "steps": self.steps, "warmup": self.warmup, "falls": self.falls}
