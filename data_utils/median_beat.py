"""The median beat of a recording: what its owner's beats look like, whatever their classes are.

A ventricular or fused beat differs from the same heart's other beats far more than it is like another
heart's. No label is needed, only where the beats are, so serving can do the same to a new recording.
"""

from __future__ import annotations

import numpy as np

from data_utils.windows import Cut

# Beats that a median is taken over at most: it is known to a twentieth of the beats' own spread then.
MOST_BEATS = 500


def evenly(anchors: np.ndarray) -> np.ndarray:
    """At most `MOST_BEATS` of the beats (n,) of a recording, evenly over it."""
    if len(anchors) <= MOST_BEATS:
        return anchors
    return anchors[np.linspace(0, len(anchors) - 1, MOST_BEATS).round().astype(np.int64)]


def median_window(cut: Cut) -> np.ndarray:
    """(T, C) float32 mV: the median of the windows (n, T, C) of one recording, over what is known; else 0."""
    # Unknown samples are sorted behind all others.
    ordered = np.sort(np.where(cut.known(), cut.signal, np.inf), axis=0)
    count = cut.known().sum(axis=0)  # (T, C)
    middle = [np.maximum((count - odd) // 2, 0)[None] for odd in (0, 1)]
    upper, lower = (np.take_along_axis(ordered, np.minimum(at, len(ordered) - 1), axis=0)[0] for at in middle)
    return np.where(count > 0, (lower + upper) / 2, 0.0).astype(np.float32)
