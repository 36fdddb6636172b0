"""Label-distribution-aware margins, with re-weighting that begins late (Cao et al. 2019, "Learning Imbalanced
Datasets with Label-Distribution-Aware Margin Loss").

A positive has to win by a margin that grows as n^-1/4 for rare classes: cross-entropy of z - m_y for the true
class (softmax), or of z - m+ for positives and z + m- for negatives (sigmoid, each by its own count). The
largest margin is `margin`, in logits. The paper's network ends in cosines times s = 30 with margins up to
0.5, which is a margin of 15 of its logits. A plain last layer has no such scale, so there is no second
number,
and buys a margin of 15 by growing its weights: on MIT-BIH 1 ranked S and V better than 15. margin 0 is
cross-entropy.

After `drw_start` of all epochs the classes are weighed by effective numbers of samples as well
(`training.losses.class_balanced`), when the features have been learnt from the data as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from training.losses.ce import cross_entropy
from training.losses.class_balanced import BETA, balanced_weights, log_ratio, weighted
from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.prior import shifted_prior
from training.losses.registry import register_loss

HYPERPARAMETERS = {
    "margin": {
        "type": "float",
        "default": 1.0,
        "min": 0.0,
        "max": 30.0,
        "meaning": "Margin, in logits, of the rarest class; others have less by the fourth root of their "
        "count.",
    },
    "drw_start": {
        "type": "float",
        "default": 0.8,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Share of all epochs after which class weights set in; 1 is never.",
    },
}


class DeferredLoss(MaskedLoss):
    """A loss whose class weights set in late; `training.losses.deferred` tells it how far training is.

    Args:
        margins: (K,) of positives and of negatives.
        weights: (K,) of positives and of negatives, from `start` of all epochs on.
    """

    def __init__(
        self,
        margins: tuple[np.ndarray, np.ndarray],
        weights: tuple[np.ndarray, np.ndarray],
        start: float,
        link: str,
    ) -> None:
        super().__init__(self._elements, link, "ldam_drw", shift_known=not np.any(margins))
        self.margins = margins
        self.weights = weights
        self.start = start
        # A variable, so that a compiled training step reads its value and not the one it was compiled with.
        self.late = keras.Variable(0.0, trainable=False, name="late")

    def begin_epoch(self, progress: float) -> bool:
        """Take in which share of all epochs is over; return whether anything changed."""
        late = float(self.start < 1 and progress >= self.start)
        if late == float(self.late):
            return False
        self.late.assign(late)
        return True

    def implied_prior(self, stream: Sequence[float]) -> tuple[float, ...]:
        """As of any weighted loss, where the weights have set in; margins are left out."""
        return shifted_prior(stream, float(self.late) * log_ratio(self.weights, self.link), self.link)

    def _elements(self, y: keras.KerasTensor, z: keras.KerasTensor) -> keras.KerasTensor:
        positive, negative = self.margins
        shifted = z - y * positive
        if self.link == "sigmoid":
            shifted = shifted + (1 - y) * negative
        losses = cross_entropy(y, shifted, self.link)
        return losses + self.late * (weighted(y, losses, self.weights, self.link) - losses)


def margins(counts: ClassCounts, largest: float, link: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the margins of positives and of negatives (K,), float32, the largest of all being `largest`.

    A class without positives has no margin of positives, and one without negatives none of negatives; under
    softmax only the first count.

    Example:
        >>> margins(ClassCounts(np.array([16, 1]), np.array([1, 16])), 0.5, "softmax")[0]
        array([0.25, 0.5 ], dtype=float32)
    """
    positive, negative = (
        np.where(n > 0, np.maximum(n, 1.0) ** -0.25, 0.0) for n in (counts.positives, counts.negatives)
    )
    top = positive.max() if link == "softmax" else max(positive.max(), negative.max())
    scale = largest / top
    return (scale * positive).astype("float32"), (scale * negative).astype("float32")


def build(hp: Mapping, counts: ClassCounts) -> DeferredLoss:
    link = hp["link"]
    return DeferredLoss(
        margins(counts, hp["margin"], link), balanced_weights(counts, hp["beta"], link), hp["drw_start"], link
    )


register_loss("ldam_drw", build, {**HYPERPARAMETERS, **BETA})
