"""Samplers by name, and the object that a training loop asks for an epoch's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from data_utils.dataset import Side
from data_utils.errors import BadInput
from data_utils.samplers.class_aware import ClassAware
from data_utils.samplers.none import NoResampling
from data_utils.samplers.oversample import Oversample
from data_utils.samplers.sqrt import SquareRoot


class Draw(Protocol):
    """What a sampler is: made from the training targets (n, K) uint8, it draws positions of training rows."""

    pass_length: int  # how many draws are one pass

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """(size,) int64 positions, 0 to n - 1."""
        ...


SAMPLERS: dict[str, Callable[[np.ndarray], Draw]] = {}

HYPERPARAMETERS = {
    "sampler": {
        "type": "choice",
        "default": "none",
        "choices": [],
        "meaning": "How training rows are drawn: none, oversample (to the majority), sqrt (p_c ~ n_c^0.5) or "
        "class_aware (every class alike).",
    },
}


def register_sampler(name: str, sampler: Callable[[np.ndarray], Draw]) -> None:
    """Make a sampler known by name, in the registry and among the choices of the hyperparameter.

    Raises:
        ValueError: the name is taken.
    """
    if name in SAMPLERS:
        raise ValueError(f"There is already a sampler named {name}.")
    SAMPLERS[name] = sampler
    HYPERPARAMETERS["sampler"]["choices"] = list(SAMPLERS)


register_sampler("none", NoResampling)
register_sampler("oversample", Oversample)
register_sampler("sqrt", SquareRoot)
register_sampler("class_aware", ClassAware)


class EpochSampler:
    """Positions into the rows of a training side, epoch by epoch; stateless, so an epoch can be repeated."""

    def __init__(self, sampler: Draw, steps: int, batch_size: int) -> None:
        self.sampler = sampler
        self.steps = steps
        self.batch_size = batch_size

    def epoch(self, rng: np.random.Generator) -> np.ndarray:
        """(steps * batch_size,) int64 positions, 0 to n - 1."""
        return self.sampler.draw(self.steps * self.batch_size, rng)


def build_sampler(hp: Mapping, train: Side, steps_per_epoch: int, batch_size: int) -> EpochSampler:
    """The sampler that `hp["sampler"]` names, for one training side.

    Args:
        steps_per_epoch: batches; 0 is one pass of the sampler (its last batch is filled from the next pass).
    Raises:
        BadInput: no sampler of that name.
        ValueError: a side that is not the training side: nothing else is ever resampled.
    """
    if train.role != "train":
        raise ValueError(f"Only the training side is resampled; this is the {train.role} side.")
    name = hp.get("sampler", HYPERPARAMETERS["sampler"]["default"])
    if name not in SAMPLERS:
        raise BadInput(f"There is no sampler {name!r}: use one of {', '.join(SAMPLERS)}.")
    sampler = SAMPLERS[name](train.targets)
    return EpochSampler(sampler, steps_per_epoch or -(-sampler.pass_length // batch_size), batch_size)
