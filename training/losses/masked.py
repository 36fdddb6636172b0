"""What all losses share: unknown targets are left out of the sum and of what it is divided by."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from training.losses.counts import UNKNOWN

# targets (B, K) of 0 and 1, logits (B, K) -> (B,) under softmax, (B, K) under sigmoid
ElementLoss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


class MaskedLoss(keras.losses.Loss):
    """The mean of an element-wise loss over what is known.

    Under softmax an element is a row, and one unknown class makes the whole row unknown; under sigmoid it
    is a class of a row. A batch in which nothing is known has loss 0.

    Args:
        elements: targets (B, K), logits (B, K) -> (B,) under softmax, (B, K) under sigmoid.
        link: "softmax" or "sigmoid".
        name: what it is called in logs.
    """

    def __init__(self, elements: ElementLoss, link: str, name: str) -> None:
        super().__init__(name=name, reduction="sum_over_batch_size")
        self.elements = elements
        self.link = link

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        y_true = ops.cast(y_true, y_pred.dtype)
        known = ops.cast(ops.not_equal(y_true, float(UNKNOWN)), y_pred.dtype)  # (B, K)
        losses = self.elements(y_true * known, y_pred)
        if self.link == "softmax":
            known = ops.min(known, axis=-1)  # (B,)
        return ops.sum(losses * known) / ops.maximum(ops.sum(known), 1.0)
