"""Which class a row counts for when it is drawn."""

from __future__ import annotations

import numpy as np


def strata(targets: np.ndarray) -> np.ndarray:
    """(n,) int64 class of each row: its rarest positive class; K for a row without a positive.

    With one-hot targets that is the class itself. Unknown (255) is no positive.

    Args:
        targets: (n, K) uint8.
    """
    positive = targets == 1
    # Equally rare classes: the first wins, by stable order.
    order = np.argsort(positive.sum(axis=0), kind="stable")
    rarest = order[np.argmax(positive[:, order], axis=1)]
    return np.where(positive.any(axis=1), rarest, targets.shape[1])


def members(targets: np.ndarray) -> list[np.ndarray]:
    """Positions of the rows of every stratum that has any, in the order of the classes."""
    stratum = strata(targets)
    return [np.flatnonzero(stratum == value) for value in np.unique(stratum)]
