"""From a model's logits to its answers: a calibration and a threshold for each class, fitted on validation
rows.

What is fitted on a patient cannot tell what it is worth on that patient: every number that a run reports of
its decisions and of its calibration comes from rules fitted on other patients (`cross_fitted`); the rule that
the card keeps is fitted on all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from training import criteria
from training.criteria import Criterion
from training.decision import decide, neutral_thresholds, probabilities
from training.platt import fit_platt
from training.temperature import fit_temperature
from training.thresholds import deal_patients, fit_thresholds

HYPERPARAMETERS = {
    "calibration": {
        "type": "choice",
        "default": "temperature",
        "choices": ["temperature", "platt", "none"],
        "meaning": "How probabilities are made to mean frequencies: one temperature for all classes, a "
        "scale and an offset for each (classes of under ten positives keep the temperature), or "
        "not.",
    },
    "prior_correction": {
        "type": "bool",
        "default": False,
        "meaning": "Shift the logits, over their temperature, from the prior that resampling and class "
        "weights made the model see to that of the training side.",
        "active": {"calibration": ["temperature", "none"]},
    },
    **criteria.HYPERPARAMETERS,
}

DEFAULTS = {name: declaration["default"] for name, declaration in HYPERPARAMETERS.items()}


@dataclass(frozen=True)
class Rule:
    """p = link(scale * logits / temperature + offset), decided by thresholds.

    Attributes:
        temperature: 1 without one.
        scale: (K,)
        offset: (K,)
        thresholds: (K,)
    """

    temperature: float
    scale: np.ndarray
    offset: np.ndarray
    thresholds: np.ndarray

    def probabilities(self, logits: np.ndarray, link: str) -> np.ndarray:
        """Return p (n, K) of logits (n, K)."""
        return probabilities(logits, link, self.temperature, self.scale, self.offset)


def fit_rule(
    targets: np.ndarray,
    logits: np.ndarray,
    link: str,
    task: str,
    hp: Mapping,
    shift: np.ndarray | None = None,
) -> Rule:
    """Fit calibration, then thresholds on the calibrated probabilities.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown, which is left out.
        logits: (n, K).
        link: "softmax" or "sigmoid".
        task: "multiclass" or "multilabel".
        hp: what `HYPERPARAMETERS` declares.
        shift: (K,) of the prior, which `prior_correction` adds to the logits once T has made them mean what
            they say: a network that is too sure, or that focal loss made unsure, has learnt the prior that it
            saw too steeply, or too little so, as well (Alexandari et al. 2020).
    """
    temperature, scale, offset = _calibration(targets, logits, link, hp, shift)
    p = probabilities(logits, link, temperature, scale, offset)
    return Rule(temperature, scale, offset, fit_thresholds(targets, p, task, Criterion.of(hp)))


def _calibration(
    targets: np.ndarray, logits: np.ndarray, link: str, hp: Mapping, shift: np.ndarray | None
) -> tuple[float, np.ndarray, np.ndarray]:
    classes = logits.shape[1]
    if hp["calibration"] == "platt":
        return 1.0, *fit_platt(targets, logits, link)
    corrected = hp["prior_correction"] and shift is not None
    shift = np.asarray(shift, np.float64) if corrected else np.zeros(classes)
    temperature = fit_temperature(targets, logits, link, shift) if hp["calibration"] == "temperature" else 1.0
    return temperature, np.ones(classes), shift


def cross_fitted(
    targets: np.ndarray,
    logits: np.ndarray,
    groups: np.ndarray,
    link: str,
    task: str,
    fit: Callable[[np.ndarray, np.ndarray], Rule],
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return probabilities (n, K) and decisions (n, K) bool of each patient by a rule fitted on the other
    patients.

    Patients are dealt to five parts (fewer when there are fewer patients), so that the parts are alike. None
    with a single patient.

    Args:
        fit: targets and logits of some rows -> rule.
    """
    part = deal_patients(targets, groups, seed)
    if part is None:
        return None
    p, decisions = np.zeros(logits.shape), np.zeros(logits.shape, bool)
    for held_out in np.unique(part):
        inside = part == held_out
        rule = fit(targets[~inside], logits[~inside])
        p[inside] = rule.probabilities(logits[inside], link)
        decisions[inside] = decide(p[inside], rule.thresholds, task)
    return p, decisions


def neutral(p: np.ndarray, task: str) -> np.ndarray:
    """Return decisions (n, K) bool at one half, or by plain argmax."""
    return decide(p, neutral_thresholds(p.shape[1]), task)
