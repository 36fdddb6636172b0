"""Make the examples that a sampler's recipes describe, when they are needed."""

from __future__ import annotations

import numpy as np

from data_utils.loader import Examples
from data_utils.samplers.drawn import Drawn
from data_utils.white_noise import white_noise


def make_batch(
    examples: Examples, drawn: Drawn, rng: np.random.Generator, length: int | None = None
) -> dict[str, np.ndarray]:
    """Model input of the recipes, as `Examples.batch` gives that of rows.

    Args:
        rng: what the noise and the crops of whole rows are drawn by.
        length: to which whole rows are padded.
    """
    batch = examples.batch(drawn.rows, rng, length)
    if drawn.mates is not None:
        _mix(batch, examples, drawn)
    if drawn.noise is not None:
        leads = len(examples.preparation.lead_names(examples.side.dataset))
        _add_noise(batch["signal"], drawn.noise, leads, rng)
    return batch


def _mix(batch: dict[str, np.ndarray], examples: Examples, drawn: Drawn) -> None:
    mixed = np.flatnonzero(drawn.lam < 1)
    if not len(mixed):
        return
    mates = examples.batch(drawn.mates[mixed])
    for name, values in batch.items():
        lam = drawn.lam[mixed].reshape(-1, *[1] * (values.ndim - 1))
        values[mixed] = lam * values[mixed] + (1 - lam) * mates[name]


def _add_noise(signal: np.ndarray, sigma: np.ndarray, leads: int, rng: np.random.Generator) -> None:
    """Missing samples read as 0 and stay so; channels beyond the leads repeat them and their noise."""
    for example in np.flatnonzero(sigma > 0):
        noise = white_noise((signal.shape[1], leads), sigma[example], rng)
        # In place, example by example: the copies of a whole batch would cost more than its noise.
        for first in range(0, signal.shape[2], leads):
            part = signal[example, :, first : first + leads]
            part += noise * (part != 0)
