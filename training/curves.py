"""Points of precision-recall and ROC curves, few enough to draw."""

from __future__ import annotations

import numpy as np

# A curve on a screen has no more to show.
MOST_POINTS = 200


def curve_points(truth: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return recall, precision and false positive rate at up to 200 thresholds, evenly spread over recall and
    over the false positive rate.

    Args:
        truth: (n,) bool with both values.
        p: (n,) scores.
    """
    order = np.argsort(-p, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))
    found = np.cumsum(truth[order])[ends]
    recall, fpr = found / truth.sum(), (ends + 1 - found) / (~truth).sum()
    marks = np.linspace(0, 1, MOST_POINTS // 2)
    kept = np.unique([np.searchsorted(curve, marks).clip(max=len(ends) - 1) for curve in (recall, fpr)])
    points = recall[kept], (found / (ends + 1))[kept], fpr[kept]
    # More digits would only fill the table.
    return tuple(np.round(curve, 5) for curve in points)
