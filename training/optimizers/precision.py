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

# Keras's name of the policy of a layer.
HALF = "mixed_bfloat16"


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
    keras.config.set_dtype_policy(HALF)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(model: keras.Model) -> keras.Model:
    """Return the model with layers that compute in float32: it is served where there may be no such GPU."""
    # By its description, because layers lie in layers, such as those of both directions.
    described = model.to_json()
    if HALF not in described:
        return model
    plain = keras.models.model_from_json(described.replace(HALF, "float32"))
    plain.set_weights(model.get_weights())
    return plain
