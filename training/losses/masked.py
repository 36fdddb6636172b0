"""What all losses share: unknown targets are left out of the sum and of what it is divided by."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from training.losses.counts import UNKNOWN
from training.losses.prior import shifted_prior

# targets (B, K) of 0 and 1, logits (B, K) -> (B,) under softmax, (B, K) under sigmoid
ElementLoss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def split_unknown(
    y_true: keras.KerasTensor, dtype: str, link: str
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return targets (B, K) of 0 and 1, with 0 for unknown, and what is known (B, K), 1 or 0.

    Under softmax one unknown class makes the whole row unknown.
    """
    y_true = ops.cast(y_true, dtype)
    known = ops.cast(ops.not_equal(y_true, float(UNKNOWN)), dtype)
    targets = y_true * known
    if link == "softmax":
        known = known * ops.min(known, axis=-1, keepdims=True)
    return targets, known


class MaskedLoss(keras.losses.Loss):
    """The mean of an element-wise loss over what is known.

    Under softmax an element is a row, under sigmoid a class of a row. A batch in which nothing is known has
    loss 0.

    Args:
        elements: targets (B, K), logits (B, K) -> (B,) under softmax, (B, K) under sigmoid.
        link: "softmax" or "sigmoid".
        name: what it is called in logs.
        shift: (K,) what the loss adds to the logits of a network that knows nothing but how often each class
            comes: the logarithm of class weights, or minus an adjustment of the logits; None is 0.
        shift_known: False where the loss moves such logits in another way too, such as by margins.
    """

    def __init__(
        self,
        elements: ElementLoss,
        link: str,
        name: str,
        shift: np.ndarray | None = None,
        shift_known: bool = True,
    ) -> None:
        super().__init__(name=name, reduction="sum_over_batch_size")
        self.elements = elements
        self.link = link
        self.shift = shift
        self.shift_known = shift_known

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        targets, known = split_unknown(y_true, y_pred.dtype, self.link)
        losses = self.elements(targets, y_pred)
        if self.link == "softmax":
            known = known[:, 0]  # (B,)
        return ops.sum(losses * known) / ops.maximum(ops.sum(known), 1.0)

    def begin_epoch(self, progress: float) -> bool:
        """Take in which share of all epochs is over; return whether the loss changed, as few do."""
        return False

    def implied_prior(self, stream: Sequence[float]) -> tuple[float, ...]:
        """Return the probabilities (K,) that constant logits take which minimise the loss on a stream with
        these shares of positives (K,).

        It is where the output bias should start, and what the model's probabilities take for granted: a
        balanced softmax, or weights that balance, make every class equally likely before the signal is seen.
        """
        return shifted_prior(stream, self.shift, self.link)
