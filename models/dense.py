"""From the features of a signal to logits: covariates, dense layers, the last layer."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models.head import logits
from models.inputs import HYPERPARAMETERS as COVARIATES
from models.inputs import join_covariates
from models.lists import whole_numbers
from models.spec import Spec

DROPOUT = {
    "dropout": {
        "type": "float",
        "default": 0.1,
        "min": 0.0,
        "max": 0.9,
        "meaning": "Share of activations dropped after each block and after each dense layer.",
    },
}

# Declared by every builder that calls `classify`.
HYPERPARAMETERS = {
    **DROPOUT,
    "dense_units": {
        "type": "int",
        "default": 64,
        "min": 1,
        "max": 4096,
        "meaning": "Units of the dense layer that sees the signal's features together with the covariates.",
        "active": {"dense_sizes": [""]},
    },
    "dense_sizes": {
        "type": "str",
        "default": "",
        "meaning": "Units of several dense layers, such as 256,128, instead of the one of dense_units.",
    },
    "dense_dropout": {
        "type": "float",
        "default": -1.0,
        "min": -1.0,
        "max": 0.9,
        "meaning": "Share of activations dropped after each dense layer; below 0 it is that of dropout.",
    },
    **COVARIATES,
}


def classify(
    features: keras.KerasTensor,
    inputs: Mapping[str, keras.KerasTensor],
    hp: Mapping,
    spec: Spec,
    normalise: bool = False,
) -> keras.KerasTensor:
    """Map features (B, D) and covariates (B, F) to logits (B, K)."""
    x = join_covariates(features, inputs, hp)
    rate = hp["dropout"] if hp["dense_dropout"] < 0 else hp["dense_dropout"]
    for number, units in enumerate(
        whole_numbers("dense_sizes", hp["dense_sizes"], 4096) or [hp["dense_units"]], 1
    ):
        x = layers.Dense(units, activation=None if normalise else "relu", name=f"fully_connected_{number}")(x)
        if normalise:
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(rate)(x)
    return logits(x, spec)
