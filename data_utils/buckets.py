"""Batches of rows of like length, so that little of a batch is padding."""

from __future__ import annotations

import numpy as np

# Rows are sorted by length within so many batches: enough that neighbours are alike, few enough that batches
# of an epoch stay a draw.
POOL = 32
# Padded lengths come in steps of an eighth of an octave. XLA compiles each new shape anew: recordings of 5 to
# 120 s have at most 38 shapes so, and 4 % more padding.
_STEPS_PER_OCTAVE = 8


def by_length(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """An order of rows in which each `batch_size` that follow each other are of like length.

    Rows are sorted within pools of `POOL` batches, then whole batches are shuffled; what does not fill a
    batch comes last.

    Args:
        lengths: (n,) samples, in the order of drawing.
    Returns:
        (n,) int64, every position once.
    """
    pools = np.arange(len(lengths)) // (POOL * batch_size)
    order = np.lexsort((lengths, pools))
    whole = len(order) // batch_size * batch_size
    batches = rng.permutation(order[:whole].reshape(-1, batch_size))
    return np.concatenate([batches.ravel(), order[whole:]])


def padded_length(longest: int) -> int:
    """Samples that a batch is padded to whose longest row has `longest`."""
    step = round(np.log2(max(longest, 1)) * _STEPS_PER_OCTAVE) - 1
    while _size(step) < longest:
        step += 1
    return _size(step)


def _size(step: int) -> int:
    return int(np.ceil(2 ** (step / _STEPS_PER_OCTAVE)))


def in_order_of_length(lengths: np.ndarray, most_rows: int, most_samples: int) -> list[np.ndarray]:
    """Batches (b,) of positions, longest rows first, each row once: what a prediction goes through.

    Args:
        most_rows: of one batch.
        most_samples: of one batch with its padding; a single row may be longer.
    """
    order = np.argsort(-lengths, kind="stable")
    batches, begin = [], 0
    while begin < len(order):
        rows = int(np.clip(most_samples // padded_length(lengths[order[begin]]), 1, most_rows))
        batches.append(order[begin : begin + rows])
        begin += rows
    return batches
