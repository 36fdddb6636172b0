"""Patient-wise folds, balanced by class: whole patients are dealt out, the hardest to place first.

For a few patients with thousands of beats each, where `grouped_folds` is for many with few rows: there a
class weighs by its size, here all alike. Of MIT-BIH's DS1, N, S and V can be ranked in each of the 14 merged
folds that this deals (50 positives of 3 patients); of those of `grouped_folds`, 2 or 3 do not have enough.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# With more patients the greedy deal is balanced enough, and trying all swaps would take long.
_SWAPPED = 60
# Merging into more than this leaves folds of one or two file folds, which cannot be balanced separately.
_MERGED = 6


def balanced_folds(counts: Mapping[str, np.ndarray], folds: int) -> dict[str, int]:
    """A fold for every patient, so that each class's rows and patients spread evenly over the folds.

    Greedy: patients who hold much of a class come first, each into the fold where they disturb the balance
    least; a fold that nobody came to is given somebody; then pairs are swapped while that helps. A run may
    merge folds by the remainder of their number (six into two, three, four or five), so the merged folds are
    balanced too. Deterministic, without randomness.

    Args:
        counts: patient -> (K,) positives per class.
        folds: at least 2, at most the number of patients.
    Raises:
        ValueError: folds out of that range.
    """
    if not 2 <= folds <= len(counts):
        raise ValueError(f"{folds} folds do not fit {len(counts)} patients: choose 2 to {len(counts)}.")
    patients = sorted(counts)
    weights = _shares(np.array([counts[patient] for patient in patients], float))
    merges = [_merge(folds, k) for k in sorted({*range(2, min(folds, _MERGED) + 1), folds})]
    assigned = _dealt(weights, folds, merges)
    _fill(assigned, weights, merges)
    if len(patients) <= _SWAPPED:
        _swap(assigned, weights, merges)
    return {patient: int(fold) for patient, fold in zip(patients, assigned, strict=True)}


def _shares(counts: np.ndarray) -> np.ndarray:
    """(G, 2K + 1) one patient's part of each class's rows, of each class's patients and of all patients."""
    present = counts > 0
    columns = np.concatenate([counts, present, np.ones((len(counts), 1))], axis=1)
    return columns / np.maximum(columns.sum(axis=0), 1)


def _merge(folds: int, k: int) -> np.ndarray:
    """(k, folds) which folds make up each of k merged ones."""
    return (np.arange(folds) % k == np.arange(k)[:, None]).astype(float)


def _imbalance(totals: np.ndarray, merges: list[np.ndarray]) -> float:
    """Squared distance of every fold's share (folds, columns) from an equal one, merged folds included.

    Rounded, so that equal is equal: the last places differ between versions of Python and of BLAS, and the
    deal must not.
    """
    return round(sum(float(((merge @ totals - 1 / len(merge)) ** 2).sum()) for merge in merges), 9)


def _dealt(weights: np.ndarray, folds: int, merges: list[np.ndarray]) -> np.ndarray:
    """(G,) int64 folds."""
    assigned = np.full(len(weights), -1)
    totals = np.zeros((folds, weights.shape[1]))
    for patient in np.argsort(-weights.max(axis=1), kind="stable"):
        costs = [_imbalance(_with(totals, fold, weights[patient]), merges) for fold in range(folds)]
        assigned[patient] = int(np.argmin(costs))
        totals[assigned[patient]] += weights[patient]
    return assigned


def _with(totals: np.ndarray, fold: int, weight: np.ndarray) -> np.ndarray:
    totals = totals.copy()
    totals[fold] += weight
    return totals


def _fill(assigned: np.ndarray, weights: np.ndarray, merges: list[np.ndarray]) -> None:
    """Move a patient into each fold without any, in place, the one by whom the balance suffers least."""
    folds = merges[-1].shape[1]
    while not (sizes := np.bincount(assigned, minlength=folds)).all():
        empty = int(sizes.argmin())
        costs = {}
        for patient in np.flatnonzero(sizes[assigned] > 1).tolist():
            moved = np.where(np.arange(len(assigned)) == patient, empty, assigned)
            costs[patient] = _imbalance(_totals(moved, weights, folds), merges)
        assigned[min(costs, key=costs.__getitem__)] = empty


def _totals(assigned: np.ndarray, weights: np.ndarray, folds: int) -> np.ndarray:
    return np.stack([weights[assigned == fold].sum(axis=0) for fold in range(folds)])


def _swap(assigned: np.ndarray, weights: np.ndarray, merges: list[np.ndarray]) -> None:
    """Swap pairs of patients in place, best pair first, until no swap helps."""
    folds = merges[-1].shape[1]
    totals = _totals(assigned, weights, folds)
    lowest = _imbalance(totals, merges)
    while True:
        best = None
        for a in range(len(assigned)):
            for b in range(a):
                if assigned[a] == assigned[b]:
                    continue
                swapped = totals.copy()
                swapped[assigned[a]] += weights[b] - weights[a]
                swapped[assigned[b]] += weights[a] - weights[b]
                cost = _imbalance(swapped, merges)
                if cost < lowest:
                    lowest, best = cost, (a, b, swapped)
        if best is None:
            return
        a, b, totals = best
        assigned[a], assigned[b] = assigned[b], assigned[a]
