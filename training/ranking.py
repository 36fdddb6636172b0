"""Average precision and area under the ROC curve of weighted rows, sorted once for any number of weightings.

A bootstrap that draws patients only changes how often each row counts. Sorting is the slow part, and it
does not depend on the weights, so a thousand resamples cost a thousand cumulative sums.
"""

from __future__ import annotations

import numpy as np


class Ranking:
    """Rows of one class in the order of falling score.

    Args:
        scores: (n,) the higher, the more likely positive; ties are treated as one step.
        positive: (n,) bool.
    """

    def __init__(self, scores: np.ndarray, positive: np.ndarray) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ranked = scores[self.order]
        ends = (
            np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.array([], int)
        )
        self._places = np.flatnonzero(positive[self.order])
        # Only the steps of equal score that hold a positive count; each positive belongs to one of them.
        step = np.searchsorted(ends, self._places)
        steps, self._first = np.unique(step, return_index=True)
        self._end = ends[steps]
        self._before = np.where(steps > 0, ends[steps - 1], -1)

    def measure(self, weights: np.ndarray | None = None) -> tuple[float, float]:
        """Return average precision and AUROC.

        Average precision is the sum of the recall gained at each step times the precision there, as
        scikit-learn has it; AUROC counts ties as half.

        Args:
            weights: (n,) how often each row counts, in the order of `self.order`; None counts each once.

        Returns:
            NaN for both without positives, NaN for AUROC without negatives.
        """
        if not len(self._places):
            return float("nan"), float("nan")
        weights = np.ones(len(self.order)) if weights is None else weights
        total = np.cumsum(weights, dtype=np.float64)
        gained = np.add.reduceat(weights[self._places], self._first, dtype=np.float64)
        positives = gained.sum()
        if positives == 0:
            return float("nan"), float("nan")
        found = np.cumsum(gained)
        counted = total[self._end]
        precision = np.divide(found, counted, out=np.zeros_like(found), where=counted > 0)
        return float((gained * precision).sum() / positives), self._auroc(total, gained, found, counted)

    def _auroc(self, total: np.ndarray, gained: np.ndarray, found: np.ndarray, counted: np.ndarray) -> float:
        positives = found[-1]
        negatives = total[-1] - positives
        if negatives <= 0:
            return float("nan")
        above = np.where(self._before >= 0, total[self._before], 0.0) - (found - gained)
        beside = (counted - found) - above
        return float((gained * (negatives - above - beside / 2)).sum() / (positives * negatives))
