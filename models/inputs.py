"""The inputs that every model has, and how covariates join the signal's features."""

from __future__ import annotations

import keras

from models.spec import Spec


def model_inputs(spec: Spec) -> dict[str, keras.KerasTensor]:
    """Return {"signal": (B, T, C)} and, where there are any, {"covariates": (B, F)}."""
    inputs = {"signal": keras.Input((spec.length, spec.channels), name="signal")}
    if spec.covariates:
        inputs["covariates"] = keras.Input((spec.covariates,), name="covariates")
    return inputs


def join_covariates(features: keras.KerasTensor, inputs: dict[str, keras.KerasTensor]) -> keras.KerasTensor:
    """Append the covariates (B, F), where there are any, to features (B, D): (B, D + F)."""
    if "covariates" not in inputs:
        return features
    return keras.layers.Concatenate(name="join")([features, inputs["covariates"]])
