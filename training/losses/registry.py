"""Losses by name, and the hyperparameters that they declare.

A loss is one file: a function `(hp, counts) -> MaskedLoss`, its hyperparameters as plain data, and one call
of `register_loss`. Every loss exists under both links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss


@dataclass(frozen=True)
class Loss:
    build: Callable[[Mapping, ClassCounts], MaskedLoss]
    hyperparameters: Mapping[str, dict]


LOSSES: dict[str, Loss] = {}

LINK = {
    "type": "choice",
    "default": "softmax",
    "choices": ["softmax", "sigmoid"],
    "meaning": "How logits become probabilities: softmax (one class is true) or sigmoid (each class against "
    "the rest); a multi-label data set needs sigmoid, and has it when the link is not given.",
}


def register_loss(
    name: str, build: Callable[[Mapping, ClassCounts], MaskedLoss], declared: Mapping[str, dict]
) -> None:
    """Make `loss: name` train with what `build` returns.

    Raises:
        ValueError: the name is taken, or a hyperparameter is declared otherwise by another loss.
    """
    if name in LOSSES:
        raise ValueError(f"There is already a loss named {name}.")
    for other, loss in LOSSES.items():
        for parameter in declared.keys() & loss.hyperparameters.keys():
            if declared[parameter] != loss.hyperparameters[parameter]:
                raise ValueError(f"The losses {name} and {other} declare {parameter} differently.")
    LOSSES[name] = Loss(build, dict(declared))


def hyperparameters() -> dict[str, dict]:
    """Return `loss`, `link`, and what the losses declare, each active for the losses that have it."""
    table = {
        "loss": {
            "type": "choice",
            "default": "ce",
            "choices": list(LOSSES),
            "meaning": "What is minimised; each loss follows the link.",
        },
        "link": LINK,
    }
    for name, loss in LOSSES.items():
        for parameter, declaration in loss.hyperparameters.items():
            active = {**declaration.get("active", {}), "loss": []}
            entry = table.setdefault(parameter, {**declaration, "active": active})
            entry["active"]["loss"].append(name)
    return table


def build_loss(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    """Return the loss that `hp["loss"]` names, under `hp["link"]`; what `hp` leaves out has its default.

    Raises:
        ValueError: no such loss.
    """
    values = {name: declaration["default"] for name, declaration in hyperparameters().items()} | dict(hp)
    if values["loss"] not in LOSSES:
        raise ValueError(f"There is no loss {values['loss']!r}; there are {', '.join(LOSSES)}.")
    return LOSSES[values["loss"]].build(values, counts)
