"""One run's decisions at several kinds of thresholds, each patient judged by a rule of the other patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from training import rule
from training.bootstrap import Interval, bootstrap_decisions, interval
from training.decision import probabilities
from training.metrics import FEWEST_PATIENTS, Full, full_measures
from training.predictions import Predictions
from training.rule import cross_fitted, fit_rule

RECALL_FLOOR = 0.8
STRATEGIES: dict[str, dict] = {
    "0.5": {},
    "best F1": {"threshold_rule": "f1"},
    "Youden": {"threshold_rule": "youden"},
    f"recall ≥ {RECALL_FLOOR}": {"threshold_rule": "recall_floor", "threshold_floor": RECALL_FLOOR},
}
NEUTRAL, *_ = STRATEGIES
F1 = "best F1"


@dataclass(frozen=True, eq=False)
class Judged:
    """Decisions of one strategy on the validation rows (n).

    Attributes:
        probabilities: (n, K), calibrated on other patients.
        ranked: (n, K), calibrated on all patients, as curves are of one model.
        decisions: (n, K) bool.
        full: every measure of them.
        intervals: measure -> (K,) 95 % intervals by patient, None where there is none.
    """

    probabilities: np.ndarray
    ranked: np.ndarray
    decisions: np.ndarray
    full: Full
    intervals: Mapping[str, tuple[Interval | None, ...]]


def judge(
    predictions: Predictions, link: str, task: str, config: Mapping, shift: np.ndarray | None = None
) -> dict[str, Judged]:
    """Return what each strategy comes to.

    Args:
        predictions: of one run.
        config: its hyperparameters, of which those of calibration are kept.
        shift: (K,) of the prior, where the run corrected it.
    """
    found = {}
    for name, changed in STRATEGIES.items():
        hp = {**rule.DEFAULTS, **{key: config[key] for key in rule.DEFAULTS if key in config}, **changed}
        fit = partial(fit_rule, link=link, task=task, hp=hp, shift=shift)
        ranked = fit(predictions.target, predictions.logits).probabilities(predictions.logits, link)
        others = cross_fitted(predictions.target, predictions.logits, predictions.group, link, task, fit)
        p, decisions = others or (ranked, rule.neutral(ranked, task))
        if name == NEUTRAL:
            # Of the logits as they are, as in every epoch.
            decisions = rule.neutral(probabilities(predictions.logits, link), task)
        found[name] = _measure(predictions, p, ranked, decisions, task)
    return found


def _measure(
    predictions: Predictions, p: np.ndarray, ranked: np.ndarray, decisions: np.ndarray, task: str
) -> Judged:
    target = predictions.target
    drawn = bootstrap_decisions(target, decisions, predictions.group)
    having = [len(np.unique(predictions.group[target[:, k] == 1])) for k in range(p.shape[1])]
    intervals = {
        # Of one or two patients there is none, as in `rarebeat evaluate`.
        measure: tuple(
            interval(values[:, k]) if patients >= FEWEST_PATIENTS else None
            for k, patients in enumerate(having)
        )
        for measure, values in drawn.items()
    }
    full = full_measures(target, ranked, decisions, predictions.classes, task, calibrated=p)
    return Judged(p, ranked, decisions, full, intervals)
