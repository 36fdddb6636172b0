"""What a model costs: weights, and multiply-adds of one example."""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras


def multiply_adds(model: keras.Model) -> int:
    """Return the multiplications of kernels with activations for one example, the lion's share of the work.

    Each position that a layer writes costs one multiply-add for each number of its kernels. A floating-point
    operation count is twice that. Normalisation, activation and pooling are left out.

    Raises:
        ValueError: a model of any length has no one cost.
    """
    return sum(_positions(layer) * numbers for layer in _leaves(model) if (numbers := _kernels(layer)))


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        yield from _leaves(layer) if isinstance(layer, keras.Model) else [layer]


def _kernels(layer: keras.layers.Layer) -> int:
    return sum(math.prod(weight.shape) for weight in layer.weights if "kernel" in weight.name)


def _positions(layer: keras.layers.Layer) -> int:
    """Return how often the kernels of a layer are applied: its steps of output, of input where it recurs."""
    recurrent = isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)
    shape = layer.input.shape if recurrent else layer.output.shape
    if None in shape[1:]:
        raise ValueError(f"{layer.name} has no fixed length, so the model has no one cost.")
    return math.prod(shape[1:-1])
