"""From activations over time to one vector of features."""

from __future__ import annotations

import keras
from keras import layers

from models.sequence import Sequence, greatest, mean

HYPERPARAMETERS = {
    "pooling": {
        "type": "choice",
        "default": "average",
        "choices": ["average", "average_max", "flatten"],
        "meaning": "What dense layers see: mean over time, mean and maximum, or all steps (one length only).",
    },
}


def pool(x: Sequence, how: str) -> keras.KerasTensor:
    """(B, T, C) -> (B, C) of the mean, (B, 2 C) of mean and maximum, or (B, T C) of every step.

    Raises:
        ValueError: every step of recordings of different length.
    """
    if how == "flatten":
        if x.values.shape[1] is None:
            raise ValueError("pooling is flatten, which needs one length: take average or a window above 0.")
        return layers.Flatten()(x.values)
    if how == "average":
        return mean(x)
    return layers.Concatenate(name="mean_and_maximum")([mean(x), greatest(x)])
