"""Average precision and area under the ROC curve of weighted rows, sorted once for any number of weightings.

A bootstrap that draws patients only changes how often each row counts. Sorting does not depend on the
weights. Nor does what each patient has above each step, whose weighted sum over few patients is a product of
small matrices; with many, each draw is a cumulative sum over the rows.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import ThreadpoolController

# The products below are too small for several threads, which only wait for one another.
_BLAS = ThreadpoolController()
# Patients times rows up to which their counts are kept, and numbers of a product that stay in the cache.
_MOST = 1 << 23
_BLOCK = 1 << 16
# What takes as long as summing one row (measured): multiplications, and counts of a patient to a row.
_MULTIPLICATIONS = 200
_COUNTS = 0.5


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

    def resample(self, group: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `measure` does, (R,) and (R,), for weights that are one number a group.

        Args:
            group: (n,) number of each row's group, in the order of the scores as they were given.
            times: (R, G) how often the rows of each group count.
        """
        group = group[self.order]
        if not self._quicker_by_products(*times.shape):
            values = [self.measure(drawn[group]) for drawn in times]
            return tuple(np.array(values).reshape(-1, 2).T)
        with _BLAS.limit(limits=1, user_api="blas"):
            return self._resample(group, times.astype(np.float64))

    def _quicker_by_products(self, draws: int, groups: int) -> bool:
        """Whether products of small matrices take less time than summing the rows for each draw."""
        rows, steps = len(self.order), len(self._end)
        if not steps or groups * rows > _MOST:
            return False
        products = steps * groups * (2 * draws + groups) / _MULTIPLICATIONS + groups * rows / _COUNTS
        return products <= draws * (rows + steps)

    def _resample(self, group: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        counted, found, before = self._by_group(group, times.shape[1])
        positives = times @ found[:, -1]
        gained = np.diff(found, prepend=0.0)
        negatives = np.bincount(group, minlength=times.shape[1]) - found[:, -1]
        above = before - (found - gained)
        # Pairs in order: positives of one group with negatives of another, of the same step as half.
        pairs = gained @ (negatives[:, None] - above - (counted - found - above) / 2).T
        won = np.einsum("rg,gh,rh->r", times, pairs, times, optimize=True)
        precision = _summed_precision(times, counted, found)
        return _ratio(precision, positives), _ratio(won, positives * (times @ negatives))

    def _by_group(self, group: np.ndarray, groups: int) -> np.ndarray:
        """(3, G, steps) rows of each group to the end of each step, the positive ones, and rows before it."""
        kept = np.zeros((3, groups, len(self._end)))
        for one in range(groups):
            member = group == one
            total = np.append(np.cumsum(member), 0)
            kept[0, one], kept[2, one] = total[self._end], total[self._before]
            kept[1, one] = np.cumsum(np.add.reduceat(member[self._places], self._first, dtype=np.float64))
        return kept


def _summed_precision(times: np.ndarray, counted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(R,) sum over steps of the positives gained times the precision there."""
    found = np.pad(found, ((0, 0), (1, 0)))
    width = max(1, _BLOCK // len(times))
    sums = np.zeros(len(times))
    for start in range(0, counted.shape[1], width):
        end = min(start + width, counted.shape[1])
        here = times @ found[:, start : end + 1]
        precision = here[:, 1:] / np.maximum(times @ counted[:, start:end], np.finfo(np.float64).tiny)
        sums += np.einsum("rs,rs->r", np.diff(here), precision)
    return sums


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
