"""What a run comes to: its rule, and the final metrics of its validation rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training import records, rule
from training.criteria import Criterion
from training.fit import Member
from training.metrics import Full, evaluate, full_measures
from training.predictions import Predictions
from training.records import Units
from training.rule import Rule, cross_fitted, fit_rule, neutral
from training.thresholds import deal_patients, decide_others, fit_thresholds

HYPERPARAMETERS = {**rule.HYPERPARAMETERS, **records.HYPERPARAMETERS}
DEFAULTS = {name: declaration["default"] for name, declaration in HYPERPARAMETERS.items()}


@dataclass(frozen=True)
class Outcome:
    """What the validation rows (n) of a run say about its model.

    Attributes:
        probabilities: (n, K), by the rule.
        decisions: (n, K) bool, of each patient by a rule of the other patients; with one patient only, at
        neutral
            thresholds.
        rule: fitted on all rows.
        full: every measure of these decisions.
        record_thresholds: (K,) for the answers of whole recordings; None where there are none.
        summary: final values by logged name.
    """

    probabilities: np.ndarray
    decisions: np.ndarray
    rule: Rule
    full: Full
    record_thresholds: np.ndarray | None
    summary: dict[str, float]

    @property
    def temperature(self) -> float:
        return self.rule.temperature

    @property
    def thresholds(self) -> np.ndarray:
        """(K,), fitted on all rows."""
        return self.rule.thresholds

    @property
    def metrics(self) -> dict[str, float]:
        """Validation metrics without side, as a card holds them."""
        return {
            name.removeprefix("val/"): value for name, value in self.summary.items() if name[:4] == "val/"
        }


def conclude(
    predictions: Predictions,
    members: Sequence[Member],
    ranked: Sequence[str],
    link: str,
    task: str,
    hp: Mapping = DEFAULTS,
) -> Outcome:
    """Measure the pooled validation rows, fit the rule, and say what it is worth.

    `val/macro_f1_tuned`, `val/f1_tuned/{class}`, `val/calibration_error/{class}` and all of `final/…` judge
    each patient by a rule of the other patients; tuned F1 is left out where there is one patient only. Curves
    are of the rule of all. The rest of `val/…` is of the logits as they are and neutral thresholds, as in the
    epochs. With folds the metrics are those of the pooled out-of-fold rows, except the loss, which is the
    mean over folds: it belongs to a training side. `record/…` and `patient/…` are there where
    `training.records` says that they make sense.
    """
    target, logits, classes = predictions.target, predictions.logits, predictions.classes
    shift = _shift(members)
    own = fit_rule(target, logits, link, task, hp, shift)
    p = own.probabilities(logits, link)
    others = cross_fitted(
        target, logits, predictions.group, link, task, lambda y, z: fit_rule(y, z, link, task, hp, shift)
    )
    judged, decisions = others or (p, neutral(p, task))
    full = full_measures(target, p, decisions, classes, task, calibrated=judged)
    units = _units(predictions, judged, task, hp["record_rule"])
    summary = {
        **_neutral(predictions, members, ranked, link, task),
        **(_tuned(full, ranked) if others else {}),
        **{f"val/threshold/{name}": float(own.thresholds[k]) for k, name in enumerate(classes)},
        **{
            f"val/calibration_error/{name}": values["calibration_error"]
            for name, values in full.classes.items()
            if "calibration_error" in values
        },
        **{f"final/{name}": value for name, value in full.flat().items()},
        **_of_units(units, classes, task, Criterion.of(hp)),
        "epoch_best": float(np.mean([member.epoch_best for member in members])),
    }
    return Outcome(p, decisions, own, full, _record_thresholds(units, task, Criterion.of(hp)), summary)


def _shift(members: Sequence[Member]) -> np.ndarray | None:
    """The mean of the members' shifts, since the model that is kept is the mean of their logits."""
    shifts = [getattr(member, "prior_shift", None) for member in members]
    return None if any(shift is None for shift in shifts) else np.mean(shifts, axis=0)


def _neutral(
    predictions: Predictions, members: Sequence[Member], ranked: Sequence[str], link: str, task: str
) -> dict[str, float]:
    values = evaluate(predictions.target, predictions.logits, predictions.classes, ranked, link, task)
    values["loss"] = float(np.mean([member.metrics["loss"] for member in members]))
    return {f"val/{name}": value for name, value in values.items()}


def _tuned(full: Full, ranked: Sequence[str]) -> dict[str, float]:
    f1 = {name: values["f1"] for name, values in full.classes.items() if "f1" in values}
    return {
        "val/macro_f1_tuned": float(np.mean([f1.get(name, 0.0) for name in ranked])),
        **{f"val/f1_tuned/{name}": value for name, value in f1.items()},
    }


def _units(predictions: Predictions, p: np.ndarray, task: str, how: str) -> dict[str, Units]:
    if predictions.recording is None:
        return {}
    found = {
        name: records.gather_units(unit, predictions.target, p, predictions.group, task, how)
        for name, unit in (("record", predictions.recording), ("patient", predictions.group))
    }
    return {name: units for name, units in found.items() if units is not None}


def _of_units(
    units: dict[str, Units], classes: Sequence[str], task: str, criterion: Criterion
) -> dict[str, float]:
    """Every measure, at thresholds of their own that were fitted on other patients."""
    summary = {}
    for name, one in units.items():
        part = deal_patients(one.targets, one.groups)
        if part is not None:
            decisions = decide_others(one.targets, one.p, part, task, criterion)
            full = full_measures(one.targets, one.p, decisions, classes, task)
            summary |= {f"{name}/{measure}": value for measure, value in full.flat().items()}
    return summary


def _record_thresholds(units: dict[str, Units], task: str, criterion: Criterion) -> np.ndarray | None:
    if "record" not in units:
        return None
    return fit_thresholds(units["record"].targets, units["record"].p, task, criterion)
