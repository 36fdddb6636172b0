"""The plain CNN with its three convolutions and its dense layer sized by names of an older sweep.

Sweeps written for those names run as they are; a new one says more with `model: cnn`.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras

from models import cnn
from models.registry import register_builder
from models.spec import Spec


def _size(default: int, what: str) -> dict:
    return {"type": "int", "default": default, "min": 1, "max": 512, "meaning": what}


HYPERPARAMETERS = {
    "layer_1_size": _size(64, "Filters of the first convolution."),
    "layer_2_size": _size(64, "Filters of the second convolution."),
    "layer_3_size": _size(64, "Filters of the third convolution."),
    "layer_FC_size": _size(64, "Units of the dense layer."),
    "dropout_rate": {
        "type": "float",
        "default": 0.4,
        "min": 0.0,
        "max": 0.9,
        "meaning": "Share of activations dropped after each layer.",
    },
}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: a window that cannot be halved three times.
    """
    plain = {name: declared["default"] for name, declared in cnn.HYPERPARAMETERS.items()}
    sizes = ",".join(str(hp[f"layer_{layer}_size"]) for layer in (1, 2, 3))
    named = {"block_filters": sizes, "dense_units": hp["layer_FC_size"], "dropout": hp["dropout_rate"]}
    return cnn.build({**plain, **named}, spec)


register_builder("cnn_layers", build, HYPERPARAMETERS)
