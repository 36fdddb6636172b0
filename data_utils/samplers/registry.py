"""Samplers by name, and the hyperparameters that they declare.

A sampler is one file: a function `(train, hp) -> Draw`, its hyperparameters as plain data, and one call of
`register_sampler`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from data_utils.dataset import Side
from data_utils.errors import BadInput
from data_utils.samplers.drawn import Draw, Drawn

Make = Callable[[Side, Mapping], Draw]


@dataclass(frozen=True)
class Sampler:
    make: Make
    hyperparameters: Mapping[str, dict]


SAMPLERS: dict[str, Sampler] = {}


def register_sampler(name: str, make: Make, declared: Mapping[str, dict] | None = None) -> None:
    """Make `sampler: name` draw by what `make` returns.

    Args:
        make: gets the training side and all hyperparameters; it raises BadInput for what makes no sense.
        declared: hyperparameters of this sampler; those that several samplers have are declared alike.
    Raises:
        ValueError: the name is taken, or a hyperparameter is declared otherwise by another sampler.
    """
    if name in SAMPLERS:
        raise ValueError(f"There is already a sampler named {name}.")
    declared = dict(declared or {})
    for other, sampler in SAMPLERS.items():
        for parameter in declared.keys() & sampler.hyperparameters.keys():
            if declared[parameter] != sampler.hyperparameters[parameter]:
                raise ValueError(f"The samplers {name} and {other} declare {parameter} differently.")
    SAMPLERS[name] = Sampler(make, declared)


def hyperparameters() -> dict[str, dict]:
    """`sampler` and what the samplers declare, each active for the samplers that have it."""
    table = {
        "sampler": {
            "type": "choice",
            "default": "none",
            "choices": list(SAMPLERS),
            "meaning": "How training rows are drawn, so that rare classes are seen more often.",
        },
    }
    for name, sampler in SAMPLERS.items():
        for parameter, declaration in sampler.hyperparameters.items():
            active = {**declaration.get("active", {}), "sampler": []}
            table.setdefault(parameter, {**declaration, "active": active})["active"]["sampler"].append(name)
    return table


class EpochSampler:
    """Recipes epoch by epoch; stateless, so an epoch can be repeated."""

    def __init__(self, sampler: Draw, steps: int, batch_size: int) -> None:
        self.sampler = sampler
        self.steps = steps
        self.batch_size = batch_size

    def epoch(self, rng: np.random.Generator, progress: float = 0.0) -> Drawn:
        """steps * batch_size recipes; `progress` goes from 0 in the first epoch to 1 in the last."""
        return self.sampler.draw(self.steps * self.batch_size, rng, progress)


def build_sampler(hp: Mapping, train: Side, steps_per_epoch: int, batch_size: int) -> EpochSampler:
    """The sampler that `hp["sampler"]` names, for one training side; what `hp` leaves out has its default.

    Args:
        steps_per_epoch: batches; 0 is one pass of the sampler (its last batch is filled from the next pass).
    Raises:
        BadInput: no sampler of that name, or one that makes no sense on this side.
        ValueError: a side that is not the training side: nothing else is ever resampled.
    """
    if train.role != "train":
        raise ValueError(f"Only the training side is resampled; this is the {train.role} side.")
    values = {name: declaration["default"] for name, declaration in hyperparameters().items()} | dict(hp)
    name = values["sampler"]
    if name not in SAMPLERS:
        raise BadInput(f"There is no sampler {name!r}: use one of {', '.join(SAMPLERS)}.")
    sampler = SAMPLERS[name].make(train, values)
    return EpochSampler(sampler, steps_per_epoch or -(-sampler.pass_length // batch_size), batch_size)
