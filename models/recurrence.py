"""Recurrent layers over time, shared by the networks that end with them."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers, ops

from models.lists import whole_numbers
from models.sequence import Sequence

HYPERPARAMETERS = {
    "cell": {
        "type": "choice",
        "default": "lstm",
        "choices": ["lstm", "gru"],
        "meaning": "Recurrent unit: LSTM (Hochreiter & Schmidhuber 1997) or GRU (Cho et al. 2014).",
    },
    "rnn_units": {
        "type": "int",
        "default": 64,
        "min": 1,
        "max": 512,
        "meaning": "Units of each recurrent layer, in each direction.",
        "active": {"rnn_sizes": [""]},
    },
    "rnn_layers": {
        "type": "int",
        "default": 1,
        "min": 1,
        "max": 4,
        "meaning": "Recurrent layers on top of each other.",
        "active": {"rnn_sizes": [""]},
    },
    "rnn_sizes": {
        "type": "str",
        "default": "",
        "meaning": "Units of each recurrent layer, such as 128,64, instead of rnn_units and rnn_layers.",
    },
    "bidirectional": {
        "type": "bool",
        "default": False,
        "meaning": "Whether recurrent layers also read from the end to the beginning.",
    },
}

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}


def read(x: Sequence, hp: Mapping, first_block: int) -> keras.KerasTensor:
    """(B, T, C) -> (B, units): the last state of the last layer, of both directions where there are two.

    Steps of padding do not change a state. Layers count as blocks from `first_block` on.
    """
    real = None if x.mask is None else ops.greater(x.mask.steps, 0.5)
    units = whole_numbers("rnn_sizes", hp["rnn_sizes"], 512) or [hp["rnn_units"]] * hp["rnn_layers"]
    values = x.values
    for number, size in enumerate(units):
        layer = CELLS[hp["cell"]](size, return_sequences=number < len(units) - 1)
        if hp["bidirectional"]:
            layer = layers.Bidirectional(layer)
        values = layer(values) if real is None else layer(values, mask=real)
        values = layers.Dropout(hp["dropout"], name=f"block_{first_block + number}")(values)
    return values
