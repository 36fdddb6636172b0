"""How much of a data set goes to each side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data_utils.errors import BadInput
from data_utils.layout import SPLITS


def checked_shares(shares: Sequence[float]) -> np.ndarray:
    """(3,) float, one for each of `SPLITS`.

    Raises:
        BadInput: another number of them, one that is not positive, or a sum other than 1.
    """
    share = np.array(shares, float)
    if share.shape != (len(SPLITS),) or not (share > 0).all() or abs(share.sum() - 1) > 1e-6:
        raise BadInput(f"shares={tuple(shares)} must be {len(SPLITS)} positive numbers with the sum 1.")
    return share
