"""Model builders by name, and the hyperparameters that they declare.

A builder is one file: a function `(hp, spec) -> keras.Model`, its hyperparameters as plain data, and one
call of `register_builder`. It sees the hyperparameters that it has declared and no others. Inputs of a model
are a dict, made by `models.inputs.model_inputs`: "signal" (B, T, C), "covariates" (B, F) only where
`spec.covariates` is not 0, "mask" (B, T) only where `spec.length` is None. Its output is logits (B, K), made
by `models.head.logits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras

from models.head import start_at_prior
from models.inputs import model_inputs
from models.spec import Spec


@dataclass(frozen=True)
class Builder:
    build: Callable[[Mapping, Spec], keras.Model]
    hyperparameters: Mapping[str, dict]


BUILDERS: dict[str, Builder] = {}


def register_builder(
    name: str, build: Callable[[Mapping, Spec], keras.Model], declared: Mapping[str, dict]
) -> None:
    """Make `model: name` build with `build`, whose hyperparameters are `declared`.

    Raises:
        ValueError: the name is taken, or a hyperparameter is declared otherwise by another builder.
    """
    if name in BUILDERS:
        raise ValueError(f"There is already a model named {name}.")
    for other, builder in BUILDERS.items():
        for parameter in declared.keys() & builder.hyperparameters.keys():
            if declared[parameter] != builder.hyperparameters[parameter]:
                raise ValueError(f"The models {name} and {other} declare {parameter} differently.")
    BUILDERS[name] = Builder(build, dict(declared))


def hyperparameters() -> dict[str, dict]:
    """Return `model` and what the builders declare, each active for the builders that have it."""
    table = {
        "model": {
            "type": "choice",
            "default": "cnn",
            "choices": list(BUILDERS),
            "meaning": "Family of the network.",
        }
    }
    for name, builder in BUILDERS.items():
        for parameter, declaration in builder.hyperparameters.items():
            entry = table.setdefault(
                parameter, {**declaration, "active": {**declaration.get("active", {}), "model": []}}
            )
            entry["active"]["model"].append(name)
    return table


def build_model(hp: Mapping, spec: Spec) -> keras.Model:
    """Build the model that `hp["model"]` names; what `hp` leaves out has its default.

    Args:
        hp: hyperparameters, any mapping. `link` ("softmax" or "sigmoid") says what the prior means for the
            logits; its default is the task's.
        spec: shapes and task.

    Raises:
        ValueError: no such model, or one that cannot be built for these shapes.
    """
    values = {name: declaration["default"] for name, declaration in hyperparameters().items()} | dict(hp)
    if values["model"] not in BUILDERS:
        raise ValueError(f"There is no model {values['model']!r}; there are {', '.join(BUILDERS)}.")
    builder = BUILDERS[values["model"]]
    # What a builder has not declared is inactive and must not act, whatever its value.
    model = _graph(builder.build({name: values[name] for name in builder.hyperparameters}, spec), spec)
    start_at_prior(model, spec, values.get("link") or default_link(spec.task))
    return model


def _graph(model: keras.Model, spec: Spec) -> keras.Model:
    """Return the model as a graph of layers; one that is none, but a class of its own, is its only layer."""
    if hasattr(model, "inputs"):
        return model
    inputs = model_inputs(spec)
    return keras.Model(inputs, model(inputs), name=model.name)


def default_link(task: str) -> str:
    """Return the link of a task: softmax where exactly one class is true, sigmoid where any number may be."""
    return "softmax" if task == "multiclass" else "sigmoid"
