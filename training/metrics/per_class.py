"""Each class against the rest, all classes at once: what is found, what is right, and how it is ranked.

NaN is undefined: sensitivity without positives, specificity without negatives, a positive predictive value
where nothing is called, curves without both. Unknown targets are left out class by class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.calibration import brier, calibration_error
from training.ranking import Ranking

UNKNOWN = 255
FIXED_SPECIFICITY = 0.95


@dataclass(frozen=True)
class Counts:
    """True and false decisions of each class, (K,) float64."""

    true_positives: np.ndarray
    false_positives: np.ndarray
    false_negatives: np.ndarray
    true_negatives: np.ndarray

    @classmethod
    def of(cls, targets: np.ndarray, decisions: np.ndarray, weights: np.ndarray | None = None) -> Counts:
        """Count targets (n, K) of 1, 0 and 255 and decisions (n, K) bool; rows weigh `weights` (n,)."""
        there, absent = targets == 1, targets == 0
        pairs = (there & decisions, absent & decisions, there & ~decisions, absent & ~decisions)
        weights = np.ones(len(targets)) if weights is None else weights
        return cls(*(weights @ pair for pair in pairs))

    def sensitivity(self) -> np.ndarray:
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    def specificity(self) -> np.ndarray:
        return ratio(self.true_negatives, self.true_negatives + self.false_positives)

    def ppv(self) -> np.ndarray:
        """Positive predictive value: precision, or +P."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    def npv(self) -> np.ndarray:
        """Negative predictive value."""
        return ratio(self.true_negatives, self.true_negatives + self.false_negatives)

    def f(self, beta: float = 1.0) -> np.ndarray:
        """F of sensitivity and PPV, the first `beta` times as important; NaN with nothing there or called."""
        found = (1 + beta**2) * self.true_positives
        return ratio(found, found + self.false_positives + beta**2 * self.false_negatives)

    def g(self, beta: float = 1.0) -> np.ndarray:
        """TP / (TP + FP + beta FN), the G of the PhysioNet/CinC Challenge 2020; at 1 the Jaccard index."""
        return ratio(
            self.true_positives, self.true_positives + self.false_positives + beta * self.false_negatives
        )

    def mcc(self) -> np.ndarray:
        """Matthews correlation; 0 where a row or column of the table is empty, as in scikit-learn."""
        tp, fp, fn, tn = self.true_positives, self.false_positives, self.false_negatives, self.true_negatives
        below = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        return np.divide(tp * tn - fp * fn, below, out=np.zeros(len(tp)), where=below > 0)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return above / below, NaN where below is 0."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def class_measures(
    targets: np.ndarray, p: np.ndarray, decisions: np.ndarray, calibrated: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return every measure by name, (K,) float64 each.

    "support" and "prevalence" (what AUPRC is for a model that knows nothing); "sensitivity", "specificity",
    "ppv", "npv", "f1", "f2", "mcc" of the decisions; "auroc", "auprc", "sensitivity_at_95_specificity",
    "calibration_error" and "brier" of the probabilities.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown.
        p: probabilities (n, K).
        decisions: (n, K) bool.
        calibrated: (n, K) that calibration error and Brier score are of; None takes p.
    """
    counts = Counts.of(targets, decisions)
    support = counts.true_positives + counts.false_negatives
    known = (targets != UNKNOWN).sum(axis=0)
    return {
        "support": support,
        "prevalence": ratio(support, known),
        "sensitivity": counts.sensitivity(),
        "specificity": counts.specificity(),
        "ppv": counts.ppv(),
        "npv": counts.npv(),
        "f1": counts.f(),
        "f2": counts.f(2.0),
        "mcc": counts.mcc(),
        **_of_probabilities(targets, p, p if calibrated is None else calibrated),
    }


def _of_probabilities(targets: np.ndarray, p: np.ndarray, calibrated: np.ndarray) -> dict[str, np.ndarray]:
    names = ("auprc", "auroc", "sensitivity_at_95_specificity", "calibration_error", "brier")
    columns = np.full((len(names), p.shape[1]), np.nan)
    for k in range(p.shape[1]):
        known = targets[:, k] != UNKNOWN
        truth, score = targets[known, k] == 1, p[known, k]
        if truth.any() and not truth.all():
            columns[:2, k] = Ranking(score, truth).measure()
            columns[2, k] = sensitivity_at(truth, score)
        if len(truth):
            sure = calibrated[known, k]
            columns[3:, k] = calibration_error(truth, sure), brier(truth, sure)
    return dict(zip(names, columns, strict=True))


def sensitivity_at(truth: np.ndarray, score: np.ndarray, specificity: float = FIXED_SPECIFICITY) -> float:
    """Return the largest sensitivity of a threshold at which the specificity is at least this.

    Args:
        truth: (n,) bool with both values.
        score: (n,), the higher, the more likely positive.
    """
    absent = np.sort(score[~truth])[::-1]
    # So many negatives may lie at or above the threshold.
    allowed = int(np.floor((1 - specificity) * len(absent) + 1e-9))
    if allowed >= len(absent):
        return 1.0
    # Above the next negative, and so above all that share its score.
    return float((score[truth] > absent[allowed]).mean())
