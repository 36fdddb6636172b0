"""Squeeze and excitation: each filter is scaled by what the whole recording says (Hu et al. 2018)."""

from __future__ import annotations

from keras import layers

from models.sequence import Sequence, mean

HYPERPARAMETERS = {
    "se_ratio": {
        "type": "int",
        "default": 16,
        "min": 1,
        "max": 64,
        "meaning": "Filters for each unit of the bottleneck of squeeze and excitation.",
    },
}


def squeeze_and_excite(x: Sequence, ratio: int) -> Sequence:
    """Scale the filters of (B, T, C) by a sigmoid of their means, through C / ratio units without bias."""
    units = max(1, x.filters // ratio)
    how = {"use_bias": False, "kernel_initializer": "he_normal"}
    scale = layers.Dense(units, activation="relu", **how)(mean(x))
    scale = layers.Dense(x.filters, activation="sigmoid", **how)(scale)
    return Sequence(layers.Multiply()([x.values, layers.Reshape((1, x.filters))(scale)]), x.mask)
