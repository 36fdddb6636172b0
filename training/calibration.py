"""How far probabilities are from frequencies."""

from __future__ import annotations

import numpy as np

BINS = 15


def calibration_error(truth: np.ndarray, p: np.ndarray, bins: int = BINS) -> float:
    """Return the expected calibration error of one class against the rest.

    The mean distance between the mean probability and the share of positives over bins of equal count
    (Nguyen & O'Connor 2015). Bins of equal width would put nearly all rows of a rare class into the lowest
    one.

    Args:
        truth: (n,) bool, at least one row.
        p: (n,) probabilities.
        bins: number of bins; fewer where there are fewer rows.
    """
    believed, true, rows = reliability(truth, p, bins)
    return float(rows @ np.abs(believed - true) / len(p))


def reliability(
    truth: np.ndarray, p: np.ndarray, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean probability, the share of positives and the rows (bins,) of bins of equal count.

    Args:
        truth: (n,) bool, at least one row.
        p: (n,) probabilities.
        bins: number of bins; fewer where there are fewer rows, or many of one probability.
    """
    order = np.argsort(p, kind="stable")
    ends = np.cumsum([len(part) for part in np.array_split(order, min(bins, len(p)))])[:-1]
    # Rows of one probability stay together: parted, they would be told by their order in the file.
    ends = np.unique(np.searchsorted(p[order], p[order[ends]]))
    parts = np.split(order, ends[ends > 0])
    values = [(p[part].mean(), truth[part].mean(), len(part)) for part in parts]
    believed, true, rows = np.array(values, float).T
    return believed, true, rows


def brier(truth: np.ndarray, p: np.ndarray) -> float:
    """Return the mean squared distance of probabilities (n,) from truth (n,) bool (Brier 1950)."""
    return float(np.mean((p - truth) ** 2))
