"""Half precision where a GPU has units for it: bfloat16 in the layers, float32 weights, logits and loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras

from data_utils.errors import BadInput
from training import devices

HYPERPARAMETERS = {
    "mixed_precision": {
        "type": "bool",
        "default": False,
        "meaning": "Compute layers in bfloat16, on GPUs that have it (since Ampere, 2020); weights, logits "
        "and loss stay float32.",
    },
}


@contextmanager
def precision(hp: Mapping) -> Iterator[None]:
    """Layers that are made inside compute in the run's precision.

    bfloat16 has the range of float32, so that no loss needs scaling.

    Raises:
        BadInput: mixed precision without a GPU, where it would only be slower.
    """
    if not hp["mixed_precision"]:
        yield
        return
    if not devices.sees_gpu():
        raise BadInput(
            "mixed_precision is true, but Keras sees no GPU: on a CPU it is slower, so leave it out."
        )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(model: keras.Model) -> keras.Model:
    """Return the model with layers that compute in float32: it is served where there may be no such GPU."""
    half = [layer for layer in model.layers if layer.compute_dtype == "bfloat16"]
    if not half:
        return model
    plain = keras.models.clone_model(model, clone_function=_full)
    plain.set_weights(model.get_weights())
    return plain


def _full(layer: keras.layers.Layer) -> keras.layers.Layer:
    return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})
