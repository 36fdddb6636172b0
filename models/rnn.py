"""Stacked LSTM or GRU layers, behind convolutions that shorten the signal.

A recurrent layer takes one step after the other: 10 s at 500 Hz are 5000 of them, which is slow and more than
it remembers. Each block of the stem halves their number.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models import convolutions, dense, recurrence
from models.inputs import model_inputs, signal
from models.registry import register_builder
from models.sequence import Sequence, convolve, normalise
from models.spec import Spec

HYPERPARAMETERS = {
    "stem_blocks": {
        "type": "int",
        "default": 2,
        "min": 0,
        "max": 8,
        "meaning": "Convolutions of stride 2 before the recurrent layers; each halves the number of steps.",
    },
    "stem_filters": {
        "type": "int",
        "default": 32,
        "min": 1,
        "max": 512,
        "meaning": "Filters of each convolution before the recurrent layers.",
        "active": {"stem_blocks": [1, 2, 3, 4, 5, 6, 7, 8]},
    },
    **convolutions.KERNEL,
    **recurrence.HYPERPARAMETERS,
    **dense.HYPERPARAMETERS,
}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: more halvings than the window has.
    """
    inputs = model_inputs(spec)
    x = _stem(signal(inputs), hp, spec.length)  # (B, T / 2^stem_blocks, stem_filters)
    features = recurrence.read(x, hp, hp["stem_blocks"] + 1)  # (B, units)
    return keras.Model(inputs, dense.classify(features, inputs, hp, spec), name="rnn")


def _stem(x: Sequence, hp: Mapping, length: int | None) -> Sequence:
    convolutions.check_halvings("stem_blocks", hp["stem_blocks"], length)
    for number in range(1, hp["stem_blocks"] + 1):
        x = normalise(convolve(x, hp["stem_filters"], hp["kernel_size"], stride=2))
        x = x.through(layers.ReLU(name=f"block_{number}"))
    return x


register_builder("rnn", build, HYPERPARAMETERS)
