"""What a run comes to: thresholds, and the final metrics of its validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.calibration import calibration_error
from training.decision import probabilities
from training.fit import Member
from training.metrics import evaluate, macro_f1
from training.predictions import Predictions
from training.thresholds import cross_fitted_decisions, fit_thresholds


@dataclass(frozen=True)
class Outcome:
    """Attributes:
    probabilities: (n, K) of the validation rows.
    thresholds: (K,), fitted on all of them.
    summary: final values by logged name, "val/…" and "epoch_best".
    """

    probabilities: np.ndarray
    thresholds: np.ndarray
    summary: dict[str, float]

    @property
    def metrics(self) -> dict[str, float]:
        """Validation metrics without side, as a card holds them."""
        return {
            name.removeprefix("val/"): value for name, value in self.summary.items() if name[:4] == "val/"
        }


def conclude(
    predictions: Predictions, members: Sequence[Member], ranked: Sequence[str], link: str, task: str
) -> Outcome:
    """Measure the pooled validation rows, fit the thresholds, and say what these are worth.

    `val/macro_f1_tuned` decides each patient by thresholds of the other patients; it is left out where
    there is one patient only. All else is at neutral thresholds, as in the epochs. With folds the metrics
    are those of the pooled out-of-fold rows, except the loss, which is the mean over folds: it belongs to
    a training side.
    """
    target, classes = predictions.target, predictions.classes
    p = probabilities(predictions.logits, link)
    thresholds = fit_thresholds(target, p, task)
    summary = {
        f"val/{name}": value
        for name, value in evaluate(target, predictions.logits, classes, ranked, link, task).items()
    }
    summary["val/loss"] = float(np.mean([member.metrics["loss"] for member in members]))
    decisions = cross_fitted_decisions(target, p, predictions.group, task)
    if decisions is not None:
        summary["val/macro_f1_tuned"] = macro_f1(target, decisions, classes, ranked)
    for k, name in enumerate(classes):
        known = target[:, k] != 255
        summary[f"val/threshold/{name}"] = float(thresholds[k])
        if known.any():
            summary[f"val/calibration_error/{name}"] = calibration_error(target[known, k] == 1, p[known, k])
    summary["epoch_best"] = float(np.mean([member.epoch_best for member in members]))
    return Outcome(p, thresholds, summary)
