"""What happens after each epoch: validate, keep the running bests, log one row."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np

from data_utils.loader import Examples
from training.batches import predict
from training.metric_names import OBJECTIVE, lower_is_better
from training.metrics import evaluate


class LossNotFinite(ArithmeticError):
    """The training loss became infinite or no number; the message says what may be changed."""


def running_best(so_far: dict[str, float], values: dict[str, float]) -> dict[str, float]:
    """Return the best of every metric, what was best so far and the new values taken together: the smallest
    of a loss, the largest of all others."""
    best = dict(so_far)
    for name, value in values.items():
        better = min if lower_is_better(name) else max
        best[name] = better(best.get(name, value), value)
    return best


class EpochLog(keras.callbacks.Callback):
    """Validates after each epoch and hands a row of plain numbers to `log`.

    The validation metrics also enter Keras's own `logs`, under "val/…", so that any callback behind this
    one can monitor them. The logits of the epoch with the largest objective are kept.

    Args:
        validation: examples of the validation side.
        loss: the training loss; validation is measured by the same.
        measure: logits (n, K) -> metrics by name, without side.
        rows_per_epoch: training examples of one epoch, for the rate.
        log: takes one row an epoch, with "epoch" counted from 1.
        learning_rate: for the sentence when the loss diverges.
    """

    def __init__(
        self,
        validation: Examples,
        loss: keras.losses.Loss,
        measure: Callable[[np.ndarray], dict[str, float]],
        rows_per_epoch: int,
        log: Callable[[dict[str, float]], None],
        learning_rate: float,
    ) -> None:
        super().__init__()
        self.validation = validation
        self.loss = loss
        self.measure = measure
        self.rows_per_epoch = rows_per_epoch
        self.log = log
        self.learning_rate = learning_rate
        self.best: dict[str, float] = {}
        self.best_epoch = 0
        self.best_logits: np.ndarray | None = None
        self.best_metrics: dict[str, float] = {}

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        row = self.take(epoch, float(logs["loss"]), predict(self.model, self.validation))
        logs.update({name: value for name, value in row.items() if name.startswith("val/")})

    def take(self, epoch: int, train_loss: float, logits: np.ndarray) -> dict[str, float]:
        """Log the row of an epoch whose validation logits (n, K) these are, and return it.

        Raises:
            LossNotFinite: the training loss, or a logit, is not finite.
        """
        seconds = time.perf_counter() - self._began
        self._refuse_infinite(train_loss if np.isfinite(logits).all() else math.nan, epoch + 1)
        metrics = {"loss": self._validation_loss(logits), **self.measure(logits)}
        if metrics[OBJECTIVE] > self.best_metrics.get(OBJECTIVE, -math.inf):
            self.best_epoch, self.best_logits, self.best_metrics = epoch + 1, logits, metrics
        self.best = running_best(self.best, metrics)
        row = {
            "epoch": epoch + 1,
            "train/loss": train_loss,
            **{f"val/{name}": value for name, value in metrics.items()},
            **{f"best/{name}": value for name, value in self.best.items()},
            "time/samples_per_second": self.rows_per_epoch / seconds,
        }
        self.log(row)
        return row

    def _validation_loss(self, logits: np.ndarray) -> float:
        return float(self.loss(self.validation.side.targets, logits))

    def _refuse_infinite(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise LossNotFinite(
                f"The training loss became {loss} in epoch {epoch}: take a learning_rate below "
                f"{self.learning_rate:g}, or look for values in the recordings that are far off."
            )


def measure_by(
    targets: np.ndarray, classes: Sequence[str], ranked: Sequence[str], link: str, task: str
) -> Callable[[np.ndarray], dict[str, float]]:
    """Return the measurement of logits (n, K) against `targets` (n, K), at neutral thresholds."""
    return lambda logits: evaluate(targets, logits, classes, ranked, link, task)
