"""A learning rate that drops when validation stops getting better."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from training.metric_names import OBJECTIVE

HYPERPARAMETERS = {
    "plateau_factor": {
        "type": "float",
        "default": 0.5,
        "min": 0.01,
        "max": 0.99,
        "meaning": "What the learning rate is multiplied by when validation has stopped getting better.",
        "active": {"schedule": ["plateau"]},
    },
    "plateau_patience": {
        "type": "int",
        "default": 2,
        "min": 1,
        "max": 1000,
        "meaning": "Epochs without a better macro AUPRC on validation before the learning rate drops; below "
        "patience, or training stops first.",
        "active": {"schedule": ["plateau"]},
    },
}
# Lower than a thousandth of where it began, nothing moves any more.
LOWEST = 1e-3


def plateau(hp: Mapping) -> list[keras.callbacks.Callback]:
    """Return the callback that lowers the rate; it stands behind the one that logs validation metrics. None
    under another schedule."""
    if hp["schedule"] != "plateau":
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            f"val/{OBJECTIVE}",
            mode="max",
            factor=hp["plateau_factor"],
            patience=hp["plateau_patience"],
            min_delta=0.0,
            min_lr=hp["learning_rate"] * LOWEST,
        )
    ]
