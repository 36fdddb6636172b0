"""Convolution blocks with squeeze and excitation, and attention that says which moments count.

A rare beat is a second in a recording of a minute: a mean over time drowns it. Attention pooling (Lin et al.
2017, "A Structured Self-Attentive Sentence Embedding"; Ilse et al. 2018) gives every step a weight that sums
to 1 over the real steps, once per head.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers, ops

from models import convolutions, dense, squeeze
from models.inputs import model_inputs, signal
from models.registry import register_builder
from models.sequence import Sequence
from models.spec import Spec

HYPERPARAMETERS = {
    **convolutions.HYPERPARAMETERS,
    **squeeze.HYPERPARAMETERS,
    "attention_units": {
        "type": "int",
        "default": 64,
        "min": 1,
        "max": 512,
        "meaning": "Units of the layer that weighs the steps of a recording.",
    },
    "attention_heads": {
        "type": "int",
        "default": 1,
        "min": 1,
        "max": 8,
        "meaning": "Weighted means over time, each with weights of its own.",
    },
    **dense.HYPERPARAMETERS,
}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: more blocks than the window can be halved.
    """
    inputs = model_inputs(spec)
    x = convolutions.blocks(
        signal(inputs), hp, before_pooling=lambda x: squeeze.squeeze_and_excite(x, hp["se_ratio"])
    )  # (B, T / 2^n_blocks, filters)
    features = attend(x, hp["attention_units"], hp["attention_heads"])  # (B, heads filters)
    output = dense.classify(features, inputs, hp, spec, normalise=hp["batch_norm"] == "all")
    return keras.Model(inputs, output, name="cnn_attention")


def attend(x: Sequence, units: int, heads: int) -> keras.KerasTensor:
    """(B, T, C) -> (B, heads C): means over real steps, weighted by the softmax of learnt scores."""
    hidden = layers.Dense(units, activation="tanh", name="attention_hidden")(x.values)
    scores = layers.Dense(heads, use_bias=False, dtype="float32", name="attention_scores")(
        hidden
    )  # (B, T, heads)
    if x.mask is not None:
        # exp(-1e9) is 0 in float32, in which the steps are and the column need not be.
        scores = scores - (1.0 - ops.expand_dims(x.mask.steps, -1)) * 1e9
    # By hand: Keras's softmax warns of a recording that pooling has left one step of.
    weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))
    weights = weights / ops.sum(weights, axis=1, keepdims=True)
    means = layers.Dot(axes=(1, 1), dtype="float32")([weights, x.values])  # (B, heads, C)
    return layers.Reshape((heads * x.filters,))(means)


register_builder("cnn_attention", build, HYPERPARAMETERS)
