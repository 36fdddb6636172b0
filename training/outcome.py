"""What a run comes to: temperature, thresholds, and the final metrics of its validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.calibration import calibration_error
from training.decision import decide, neutral_thresholds, probabilities
from training.fit import Member
from training.metrics import class_f1, evaluate
from training.predictions import Predictions
from training.temperature import fit_temperature
from training.thresholds import cross_fitted_decisions, fit_thresholds


@dataclass(frozen=True)
class Outcome:
    """What the validation rows (n) of a run say about its model.

    Attributes:
        probabilities: (n, K), at the temperature.
        decisions: (n, K) bool, of each patient by thresholds of the other patients; with one patient only, at
            neutral thresholds.
        temperature: fitted on all rows.
        thresholds: (K,), fitted on all rows.
        summary: final values by logged name, "val/…" and "epoch_best".
    """

    probabilities: np.ndarray
    decisions: np.ndarray
    temperature: float
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
    """Measure the pooled validation rows, fit temperature and thresholds, and say what these are worth.

    `val/macro_f1_tuned` and `val/f1_tuned/{class}` decide each patient by thresholds of the other patients;
    they are left out where there is one patient only. The calibration error is that at the temperature. All
    else is at temperature 1 and neutral thresholds, as in the epochs. With folds the metrics are those of the
    pooled out-of-fold rows, except the loss, which is the mean over folds: it belongs to a training side.
    """
    target, classes = predictions.target, predictions.classes
    temperature = fit_temperature(target, predictions.logits, link)
    p = probabilities(predictions.logits, link, temperature)
    thresholds = fit_thresholds(target, p, task)
    decisions = cross_fitted_decisions(target, p, predictions.group, task)
    summary = {
        **_neutral(predictions, members, ranked, link, task),
        **(_tuned(predictions, decisions, ranked) if decisions is not None else {}),
        **{f"val/threshold/{name}": float(thresholds[k]) for k, name in enumerate(classes)},
        **_calibration(predictions, p),
        "epoch_best": float(np.mean([member.epoch_best for member in members])),
    }
    if decisions is None:
        decisions = decide(p, neutral_thresholds(len(classes)), task)
    return Outcome(p, decisions, temperature, thresholds, summary)


def _neutral(
    predictions: Predictions, members: Sequence[Member], ranked: Sequence[str], link: str, task: str
) -> dict[str, float]:
    values = evaluate(predictions.target, predictions.logits, predictions.classes, ranked, link, task)
    values["loss"] = float(np.mean([member.metrics["loss"] for member in members]))
    return {f"val/{name}": value for name, value in values.items()}


def _tuned(predictions: Predictions, decisions: np.ndarray, ranked: Sequence[str]) -> dict[str, float]:
    f1 = class_f1(predictions.target, decisions, predictions.classes)
    return {
        "val/macro_f1_tuned": float(np.mean([f1.get(name, 0.0) for name in ranked])),
        **{f"val/f1_tuned/{name}": value for name, value in f1.items()},
    }


def _calibration(predictions: Predictions, p: np.ndarray) -> dict[str, float]:
    errors = {}
    for k, name in enumerate(predictions.classes):
        known = predictions.target[:, k] != 255
        if known.any():
            truth = predictions.target[known, k] == 1
            errors[f"val/calibration_error/{name}"] = calibration_error(truth, p[known, k])
    return errors
