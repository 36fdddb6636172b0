"""Which class a row counts for when it is drawn."""

from __future__ import annotations

import numpy as np

from data_utils.errors import BadInput
from data_utils.layout import UNKNOWN


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


def members(targets: np.ndarray) -> dict[int, np.ndarray]:
    """Positions of the rows of every stratum that has any, in the order of the classes.

    Rows of which nothing is known belong to none: they teach nothing, however often they are drawn.

    Raises:
        BadInput: nothing is known of any row.
    """
    known = (targets != UNKNOWN).any(axis=1)
    if not known.any():
        raise BadInput("No training row has a known class, so there is nothing to draw by class.")
    stratum = strata(targets)
    return {int(value): np.flatnonzero(known & (stratum == value)) for value in np.unique(stratum[known])}
