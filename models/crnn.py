"""Convolution blocks that find the shape of waves, then recurrent layers that read their order.

Beats are told by shape, rhythms by order (Zihlmann et al. 2017).
"""

from __future__ import annotations

from collections.abc import Mapping

import keras

from models import convolutions, dense, recurrence
from models.inputs import model_inputs, signal
from models.registry import register_builder
from models.spec import Spec

HYPERPARAMETERS = {**convolutions.HYPERPARAMETERS, **recurrence.HYPERPARAMETERS, **dense.HYPERPARAMETERS}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: more blocks than the window can be halved.
    """
    inputs = model_inputs(spec)
    x = convolutions.blocks(signal(inputs), hp)  # (B, T / 2^n_blocks, filters)
    features = recurrence.read(x, hp, len(convolutions.sizes(hp)[0]) + 1)  # (B, units)
    output = dense.classify(features, inputs, hp, spec, normalise=hp["batch_norm"] == "all")
    return keras.Model(inputs, output, name="crnn")


register_builder("crnn", build, HYPERPARAMETERS)
