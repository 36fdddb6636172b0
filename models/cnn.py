"""A plain convolutional network: blocks of convolution, normalisation, ReLU, pooling and dropout, then dense
layers.

The classical shape for single beats (Kachuee et al. 2018, Acharya et al. 2017), without residuals: for
windows below a second, depth is not what limits it, and what stands between patients is in the covariates.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras

from models import convolutions, dense, pooling
from models.inputs import model_inputs, signal
from models.registry import register_builder
from models.spec import Spec

HYPERPARAMETERS = {**convolutions.HYPERPARAMETERS, **pooling.HYPERPARAMETERS, **dense.HYPERPARAMETERS}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: more blocks than the window can be halved.
    """
    inputs = model_inputs(spec)
    x = convolutions.blocks(signal(inputs), hp)  # (B, T / 2^n_blocks, filters)
    features = pooling.pool(x, hp["pooling"])
    output = dense.classify(features, inputs, hp, spec, normalise=hp["batch_norm"] == "all")
    return keras.Model(inputs, output, name="cnn")


register_builder("cnn", build, HYPERPARAMETERS)
