"""How often each class is there in the training side: all that a loss may know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.losses.prior import logits_of

UNKNOWN = 255


@dataclass(frozen=True)
class ClassCounts:
    """Rows that are positive, and rows that are negative, for each class; unknown ones are in neither.

    Attributes:
        positives: (K,)
        negatives: (K,)
        classes: slugs, for losses whose hyperparameters name classes; empty where they are not known.
    """

    positives: np.ndarray
    negatives: np.ndarray
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, targets: np.ndarray, classes: Sequence[str] = ()) -> ClassCounts:
        """Count targets (N, K) of 1, 0 and 255."""
        return cls((targets == 1).sum(axis=0), (targets == 0).sum(axis=0), tuple(classes))

    def log_prior(self, link: str) -> np.ndarray:
        """Return the logits (K,) float64 that give each class its share: log(pi) under softmax, log(pi / (1 -
        pi)) under sigmoid; a count of 0 is taken as 1."""
        positives, negatives = (np.maximum(n, 1.0) for n in (self.positives, self.negatives))
        if link == "softmax":
            return np.log(positives / positives.sum())
        return np.log(positives / negatives)

    def shift_from(self, prior: Sequence[float], link: str) -> np.ndarray:
        """Return what takes logits (K,) float64 from a prior (K,) that a model was made to see to that of the
        training side; 0 for a class without positives or without negatives, of which neither is known."""
        shift = self.log_prior(link) - logits_of(prior, link)
        return np.where((self.positives > 0) & (self.negatives > 0), shift, 0.0)
