"""Averaged weights: validation, the best epoch and the model that is kept see the mean of the last steps'
weights.

Exponential moving average (Polyak & Juditsky 1992; Izmailov et al. 2018 for the flat mean). Statistics of
batch normalisation are running means of their own and are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras

HYPERPARAMETERS = {
    "ema": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 0.99999,
        "meaning": "Share that the averaged weights keep of themselves at each step, such as 0.999 (an "
        "average over 1,000 steps); 0 averages none.",
    },
}


def options(hp: Mapping) -> dict:
    """Return what the optimiser has to be told."""
    return {"use_ema": True, "ema_momentum": hp["ema"]} if hp["ema"] else {}


def averaging(hp: Mapping) -> list[keras.callbacks.Callback]:
    """Return the callback that shows the averages to those behind it; none where nothing is averaged."""
    return [AveragedWeights()] if hp["ema"] else []


class AveragedWeights(keras.callbacks.SwapEMAWeights):
    """Puts the averages into the model at the end of an epoch, and the weights back before the next.

    Keras's own forgets that they are swapped when a run is resumed; that they are depends on the epoch alone.
    """

    def __init__(self) -> None:
        super().__init__(swap_on_epoch=True)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._ema_weights_in_model = epoch > 0
        super().on_epoch_begin(epoch, logs)
