"""How much of a run's objective is its patients: `best/macro_auprc`, resampled from the run's predictions.

The objective is the mean over folds of the macro average precision of the fold's best epoch, and the
predictions are the logits of those epochs: the objective can be computed again from them, and again for other
draws of patients. Patients are drawn within their folds, because a fold's rows are ranked by one model and
cannot be ranked against another's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.bootstrap import multiplicities
from training.decision import probabilities
from training.predictions import Predictions
from training.ranking import Ranking


def objective(predictions: Predictions, ranked: Sequence[str], link: str) -> float:
    """Return the run's objective, computed again; NaN where a fold lacks a class."""
    folds = [_Fold(predictions, fold, ranked, link) for fold in np.unique(predictions.fold)]
    return float(np.mean([fold.macro(np.ones(fold.patients)) for fold in folds]))


def resampled_objective(
    predictions: Predictions, ranked: Sequence[str], link: str, resamples: int = 1000, seed: int = 0
) -> np.ndarray:
    """Return the objective (R,) for as many draws of patients; NaN where a draw lacks a class in a fold.

    Two runs with the same `split_digest` and seed see the same draws, so their values can be subtracted.

    Args:
        predictions: of one run.
        ranked: classes that the macro average is taken over.
        link: "softmax" or "sigmoid".
        resamples: R.
        seed: of the draws.
    """
    values = []
    for number in np.unique(predictions.fold):
        fold = _Fold(predictions, number, ranked, link)
        # Another seed for each fold: the same draw of positions in all of them would be no draw of patients.
        drawn = multiplicities(fold.patients, resamples, seed + 1 + int(number))
        values.append([fold.macro(times) for times in drawn])
    return np.mean(values, axis=0)


class _Fold:
    """One fold's rows, sorted once for each class."""

    def __init__(self, predictions: Predictions, fold: int, ranked: Sequence[str], link: str) -> None:
        rows = predictions.fold == fold
        p = probabilities(predictions.logits[rows], link)
        names, patient = np.unique(predictions.group[rows], return_inverse=True)
        self.patients = len(names)
        self._classes = [
            _by_rank(predictions.target[rows, k], p[:, k], patient)
            for k in map(predictions.classes.index, ranked)
        ]

    def macro(self, times: np.ndarray) -> float:
        """Macro average precision when each patient counts `times` (G,) as often."""
        return float(np.mean([ranking.measure(times[patient])[0] for ranking, patient in self._classes]))


def _by_rank(target: np.ndarray, p: np.ndarray, patient: np.ndarray) -> tuple[Ranking, np.ndarray]:
    known = target != 255
    ranking = Ranking(p[known], target[known] == 1)
    return ranking, patient[known][ranking.order]
