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
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    gaps = [len(part) * abs(p[part].mean() - truth[part].mean()) for part in parts]
    return float(sum(gaps) / len(order))


def brier(truth: np.ndarray, p: np.ndarray) -> float:
    """Return the mean squared distance of probabilities (n,) from truth (n,) bool (Brier 1950)."""
    return float(np.mean((p - truth) ** 2))
