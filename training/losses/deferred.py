"""Tells a loss that changes in the course of training how far training is."""

from __future__ import annotations

import keras

from training.losses.masked import MaskedLoss


class LossProgress(keras.callbacks.Callback):
    """Before each epoch hands the loss the share of epochs that are over: 0 before the first.

    It depends on the number of the epoch alone, so a run that is resumed is where it was.

    Args:
        loss: any loss of this package; those that never change ignore it.
    """

    def __init__(self, loss: MaskedLoss) -> None:
        super().__init__()
        self.loss = loss

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        changed = self.loss.begin_epoch(epoch / self.params["epochs"])
        # JAX compiles the loss's variable into the step as a constant; TensorFlow reads it anew.
        if changed and keras.backend.backend() != "tensorflow":
            self.model.make_train_function(force=True)
