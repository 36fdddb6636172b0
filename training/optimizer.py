"""AdamW whose rate warms up linearly, then follows a cosine down to zero."""

from __future__ import annotations

from collections.abc import Mapping

import keras

HYPERPARAMETERS = {
    "learning_rate": {
        "type": "float",
        "default": 2.0e-3,
        "min": 1.0e-7,
        "max": 1.0,
        "meaning": "Highest learning rate of AdamW, reached after the warm-up.",
    },
    "weight_decay": {
        "type": "float",
        "default": 1.0e-4,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Decoupled weight decay of AdamW; biases and normalisation are left out.",
    },
    "warmup_epochs": {
        "type": "float",
        "default": 0.5,
        "min": 0.0,
        "max": 100.0,
        "meaning": "Epochs in which the learning rate grows from 0; at most half of all epochs are taken.",
    },
}


def build_optimizer(hp: Mapping, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov & Hutter 2019) under a warm-up and cosine schedule (2017) over all epochs of the run.

    Args:
        hp: learning_rate, weight_decay, warmup_epochs, epochs.
        steps_per_epoch: batches of one epoch.
    """
    optimizer = keras.optimizers.AdamW(
        schedule(hp["learning_rate"], hp["epochs"] * steps_per_epoch, hp["warmup_epochs"] * steps_per_epoch),
        weight_decay=hp["weight_decay"],
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def schedule(peak: float, steps: int, warmup: float) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the rate over `steps` steps: for `warmup` of them, at most half, it grows from 0 to `peak`."""
    warmup = round(min(warmup, steps / 2))
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(peak, steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=peak, warmup_steps=warmup
    )
