"""The full set of measures of one side under one set of decisions, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.metrics.aami import aami_table, jk_index
from training.metrics.challenge import challenge_score
from training.metrics.overall import overall_measures
from training.metrics.per_class import class_measures


@dataclass(frozen=True)
class Full:
    """Measures by name; what is undefined is not there.

    Attributes:
        classes: of each class, by slug (`training.metrics.per_class`).
        overall: of all (`training.metrics.overall`), "jk_index" where there are S and V, "cinc_score" where
        there are
            the challenge's classes.
        aami: of S and V, where a row has one class (`training.metrics.aami`).
    """

    classes: dict[str, dict[str, float]]
    overall: dict[str, float]
    aami: dict[str, dict[str, float]]

    def flat(self) -> dict[str, float]:
        """Return "f2/V", …, "macro_f2", … as one mapping."""
        of_classes = {
            f"{measure}/{name}": value
            for name, values in self.classes.items()
            for measure, value in values.items()
        }
        return {**self.overall, **of_classes}


def full_measures(
    targets: np.ndarray,
    p: np.ndarray,
    decisions: np.ndarray,
    classes: Sequence[str],
    task: str,
    calibrated: np.ndarray | None = None,
) -> Full:
    """Measure everything.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown.
        p: probabilities (n, K).
        decisions: (n, K) bool.
        classes: slugs (K,).
        task: "multiclass" or "multilabel".
        calibrated: (n, K) that calibration error and Brier score are of; None takes p.
    """
    columns = class_measures(targets, p, decisions, calibrated)
    by_class = {
        name: {measure: float(values[k]) for measure, values in columns.items() if np.isfinite(values[k])}
        for k, name in enumerate(classes)
    }
    overall = overall_measures(targets, decisions, columns, task)
    aami: dict[str, dict[str, float]] = {}
    if task == "multiclass":
        aami = aami_table(targets, decisions, classes)
        overall |= _named("jk_index", jk_index(targets, decisions, classes))
    else:
        overall |= _named("cinc_score", challenge_score(targets, decisions, classes))
    return Full(by_class, overall, aami)


def _named(name: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {name: value}
