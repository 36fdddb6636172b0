"""How often each class is there in the training side: all that a loss may know of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

UNKNOWN = 255


@dataclass(frozen=True)
class ClassCounts:
    """Rows that are positive, and rows that are negative, for each class; unknown ones are in neither.

    Attributes:
        positives: (K,)
        negatives: (K,)
    """

    positives: np.ndarray
    negatives: np.ndarray

    @classmethod
    def of(cls, targets: np.ndarray) -> ClassCounts:
        """Count targets (N, K) of 1, 0 and 255."""
        return cls((targets == 1).sum(axis=0), (targets == 0).sum(axis=0))
