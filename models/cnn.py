"""A plain convolutional network: blocks of convolution, normalisation, ReLU, pooling and dropout, then a
dense layer.

The classical shape for single beats (Kachuee et al. 2018, Acharya et al. 2017), without residuals: for
windows below a second, depth is not what limits it, and what stands between patients is in the covariates.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models.head import logits
from models.inputs import join_covariates, model_inputs
from models.registry import register_builder
from models.spec import Spec

# Doubling without a cap gives 134 million weights at eight blocks of 64 filters.
MOST_FILTERS = 512

HYPERPARAMETERS = {
    "n_blocks": {
        "type": "int",
        "default": 4,
        "min": 1,
        "max": 8,
        "meaning": "Convolution blocks; each halves the window: T samples allow at most log2(T).",
    },
    "filters": {
        "type": "int",
        "default": 16,
        "min": 1,
        "max": 512,
        "meaning": "Filters of the first block; each further block has twice as many, at most 512.",
    },
    "kernel_size": {
        "type": "int",
        "default": 5,
        "min": 1,
        "max": 101,
        "meaning": "Length of each convolution in samples of its own input.",
    },
    "dropout": {
        "type": "float",
        "default": 0.1,
        "min": 0.0,
        "max": 0.9,
        "meaning": "Share of activations dropped after each block and after the dense layer.",
    },
    "dense_units": {
        "type": "int",
        "default": 64,
        "min": 1,
        "max": 4096,
        "meaning": "Units of the dense layer that sees the pooled signal together with the covariates.",
    },
}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F)} -> logits (B, K).

    Raises:
        ValueError: more blocks than the window can be halved.
    """
    _check_depth(hp["n_blocks"], spec.length)
    inputs = model_inputs(spec)
    x = inputs["signal"]  # (B, T, C)
    for block in range(hp["n_blocks"]):
        x = _block(x, min(hp["filters"] * 2**block, MOST_FILTERS), hp)  # (B, T / 2^(block + 1), filters)
    x = layers.GlobalAveragePooling1D()(x)  # (B, filters)
    x = join_covariates(x, inputs)  # (B, filters + F)
    x = layers.Dense(hp["dense_units"], activation="relu")(x)
    x = layers.Dropout(hp["dropout"])(x)
    return keras.Model(inputs, logits(x, spec), name="cnn")


def _block(x: keras.KerasTensor, filters: int, hp: Mapping) -> keras.KerasTensor:
    # The normalisation after it has a bias of its own.
    x = layers.Conv1D(filters, hp["kernel_size"], padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling1D(2)(x)
    return layers.Dropout(hp["dropout"])(x)


def _check_depth(n_blocks: int, length: int | None) -> None:
    if length is not None and length >> n_blocks < 1:
        deepest = length.bit_length() - 1
        raise ValueError(
            f"n_blocks is {n_blocks}, but a window of {length} samples can be halved {deepest} times at most:"
            f" take n_blocks up to {deepest} or a longer window."
        )


register_builder("cnn", build, HYPERPARAMETERS)
