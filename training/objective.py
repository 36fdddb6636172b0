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
from training.metrics import FEWEST_PATIENTS
from training.predictions import Predictions
from training.ranking import Ranking

# Leaving out patients one by one costs as many curves; so many a fold tell as much.
MOST_BLOCKS = 100


def objective(predictions: Predictions, ranked: Sequence[str], link: str) -> float:
    """Return the run's objective, computed again; NaN where a fold lacks a class."""
    folds = [_Fold(predictions, fold, ranked, link) for fold in np.unique(predictions.fold)]
    return float(np.mean([fold.whole() for fold in folds]))


def resampled_objective(
    predictions: Predictions, ranked: Sequence[str], link: str, resamples: int = 1000, seed: int = 0
) -> np.ndarray:
    """Return the objective (R,) for as many draws of patients; NaN where a draw lacks a class in a fold.

    All of it is NaN where fewer than three patients have one of the classes: drawing them again tells how
    they weigh against each other, and nothing of how others would differ.

    Two runs with the same `split_digest` and seed see the same draws, so their values can be subtracted.

    Args:
        predictions: of one run.
        ranked: classes that the macro average is taken over.
        link: "softmax" or "sigmoid".
        resamples: R.
        seed: of the draws.
    """
    positive = predictions.target == 1
    of_class = [predictions.group[positive[:, k]] for k in map(predictions.classes.index, ranked)]
    if min(len(np.unique(patients)) for patients in of_class) < FEWEST_PATIENTS:
        return np.full(resamples, np.nan)
    values = []
    for number in np.unique(predictions.fold):
        fold = _Fold(predictions, number, ranked, link)
        # Another seed for each fold: the same draw of positions in all of them would be no draw of patients.
        drawn = multiplicities(fold.patients, resamples, seed + 1 + int(number))
        values.append(fold.macro(drawn))
    return np.mean(values, axis=0)


def influences(
    predictions: Predictions, ranked: Sequence[str], link: str, most: int = MOST_BLOCKS, seed: int = 0
) -> np.ndarray:
    """Return what each patient adds to the objective (G,): jackknife pseudo-values (Tukey 1958), whose
    mean is the objective. NaN where a fold without one of its patients lacks a class.

    Two runs with the same `split_digest` have the same patients at the same places.

    Args:
        most: patients of a fold, of which those beyond are left out in blocks of like size.
        seed: of the dealing to blocks.
    """
    numbers = np.unique(predictions.fold)
    found = []
    for number in numbers:
        fold = _Fold(predictions, number, ranked, link)
        blocks = min(fold.patients, most)
        block = np.random.default_rng(seed).permutation(fold.patients) % blocks
        without = fold.macro(block != np.arange(blocks)[:, None])
        found.append((fold.whole(), (blocks - 1) * (without.mean() - without)))
    value = np.mean([whole for whole, _ in found])
    total = sum(len(added) for _, added in found)
    # A patient of a small fold moves the mean over folds by more.
    return value + np.concatenate([added * total / (len(numbers) * len(added)) for _, added in found])


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

    def macro(self, times: np.ndarray) -> np.ndarray:
        """Macro average precision (R,) when each patient counts `times` (R, G) as often."""
        return np.mean([ranking.resample(patient, times)[0] for ranking, patient in self._classes], axis=0)

    def whole(self) -> float:
        """Macro average precision as it is."""
        return float(np.mean([ranking.measure()[0] for ranking, _ in self._classes]))


def _by_rank(target: np.ndarray, p: np.ndarray, patient: np.ndarray) -> tuple[Ranking, np.ndarray]:
    known = target != 255
    return Ranking(p[known], target[known] == 1), patient[known]
