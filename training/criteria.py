"""What a threshold is chosen for, as a number of the decisions it makes: the larger, the better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

HYPERPARAMETERS = {
    "threshold_rule": {
        "type": "choice",
        "default": "f1",
        "choices": ["f1", "fbeta", "youden", "recall_floor", "precision_floor"],
        "meaning": "What thresholds are fitted for: f1; fbeta (threshold_beta); youden (sensitivity + "
        "specificity - 1); the best F1 with at least threshold_floor of recall; the best recall "
        "with at least that precision.",
    },
    "threshold_beta": {
        "type": "float",
        "default": 2.0,
        "min": 0.1,
        "max": 10.0,
        "meaning": "How many times as important as precision recall is.",
        "active": {"threshold_rule": ["fbeta"]},
    },
    "threshold_floor": {
        "type": "float",
        "default": 0.8,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Recall, or precision, that thresholds have to reach where they can.",
        "active": {"threshold_rule": ["recall_floor", "precision_floor"]},
    },
}

# More than any F1 or recall can make up for, so that a floor that can be reached is.
PENALTY = 10.0


@dataclass(frozen=True)
class Criterion:
    """What thresholds are chosen for.

    Attributes:
        rule: of `HYPERPARAMETERS["threshold_rule"]`.
        beta: of fbeta.
        floor: of recall_floor and precision_floor. Where no threshold reaches it, the nearest is taken.
    """

    rule: str = "f1"
    beta: float = 2.0
    floor: float = 0.8

    @classmethod
    def of(cls, hp: Mapping) -> Criterion:
        """Read threshold_rule, threshold_beta and threshold_floor."""
        return cls(hp["threshold_rule"], hp["threshold_beta"], hp["threshold_floor"])

    def score(self, found: np.ndarray, called: np.ndarray, positives: int, rows: int) -> np.ndarray:
        """Return what decisions are worth, (m,), one class against the rest.

        Args:
            found: (m,) true positives.
            called: (m,) decided as positive.
            positives: of the rows.
            rows: number of them.
        """
        if self.rule == "youden":
            return _over(found, positives) - _over(called - found, rows - positives)
        if self.rule == "fbeta":
            return _over((1 + self.beta**2) * found, called + self.beta**2 * positives)
        f1 = _over(2 * found, called + positives)
        if self.rule == "recall_floor":
            return f1 - PENALTY * np.maximum(self.floor - _over(found, positives), 0)
        if self.rule == "precision_floor":
            precision = np.where(called > 0, _over(found, called), 1.0)
            return _over(found, positives) - PENALTY * np.maximum(self.floor - precision, 0)
        return f1


F1 = Criterion()


def _over(above: np.ndarray, below: np.ndarray | float) -> np.ndarray:
    below = np.broadcast_to(below, np.shape(above))
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=below > 0)
