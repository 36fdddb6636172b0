"""The inputs that every model has, and how covariates join the signal's features."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models.sequence import Mask, Sequence
from models.spec import Spec

# Declared by every builder that calls `join_covariates`.
HYPERPARAMETERS = {
    "covariate_layers": {
        "type": "int",
        "default": 0,
        "min": 0,
        "max": 5,
        "meaning": "Dense layers of the covariates' own branch; 0 joins the covariates as they are.",
    },
    "covariate_units": {
        "type": "int",
        "default": 32,
        "min": 1,
        "max": 1024,
        "meaning": "Units of the first layer of the covariates' branch; each further layer has half as many.",
        "active": {"covariate_layers": [1, 2, 3, 4, 5]},
    },
}


def model_inputs(spec: Spec) -> dict[str, keras.KerasTensor]:
    """Return {"signal": (B, T, C)}, with "covariates" (B, F) where there are any.

    Where the length is free there is "mask" (B, T) too: 1 for a real sample, 0 for padding.
    """
    inputs = {"signal": keras.Input((spec.length, spec.channels), name="signal")}
    if spec.covariates:
        inputs["covariates"] = keras.Input((spec.covariates,), name="covariates")
    if spec.length is None:
        inputs["mask"] = keras.Input((None,), name="mask")
    return inputs


def signal(inputs: Mapping[str, keras.KerasTensor]) -> Sequence:
    """Return the signal with its mask, if it has one."""
    return Sequence(inputs["signal"], Mask.of(inputs["mask"]) if "mask" in inputs else None)


def join_covariates(
    features: keras.KerasTensor, inputs: Mapping[str, keras.KerasTensor], hp: Mapping
) -> keras.KerasTensor:
    """Append the covariates (B, F), where there are any, to features (B, D): (B, D + F).

    With `covariate_layers` they go through dense layers of their own first, each half as wide as the one
    before, so that many hand-made features do not have to be weighed by one layer.
    """
    if "covariates" not in inputs:
        return features
    x = inputs["covariates"]
    for layer in range(hp["covariate_layers"]):
        x = layers.Dense(
            max(1, hp["covariate_units"] >> layer), activation="relu", name=f"covariates_{layer + 1}"
        )(x)
    return layers.Concatenate(name="join")([features, x])
