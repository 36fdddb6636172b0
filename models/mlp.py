"""Dense layers on the samples themselves: the baseline that a network of convolutions has to beat.

Every sample has its own weights, so beats must be aligned and windows must have one length.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models import dense
from models.inputs import model_inputs
from models.registry import register_builder
from models.spec import Spec


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F)} -> logits (B, K).

    Raises:
        ValueError: recordings of different length.
    """
    if spec.length is None:
        raise ValueError("mlp needs windows of one length: take another model or a window above 0.")
    inputs = model_inputs(spec)
    features = layers.Flatten()(inputs["signal"])  # (B, T C)
    return keras.Model(inputs, dense.classify(features, inputs, hp, spec), name="mlp")


register_builder("mlp", build, dense.HYPERPARAMETERS)
