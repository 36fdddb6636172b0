"""From the windows of a recording to one answer for it, and to one for each patient.

It makes sense where rows are windows of longer recordings (no row has a beat as its anchor) and a class is
true of the recording, such as a diagnosis: it is there if it is there in any window. It makes none for beats,
each of which is a finding of its own, nor where one class is true of a row and windows of one recording
disagree: then there is no answer of the recording, and nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HYPERPARAMETERS = {
    "record_rule": {
        "type": "choice",
        "default": "mean",
        "choices": ["mean", "max", "noisy_or"],
        "meaning": "How probabilities of windows become that of their recording: mean, max (the surest "
        "window), or noisy_or (1 - the product of 1 - p: windows as independent witnesses).",
    },
}


@dataclass(frozen=True)
class Units:
    """Recordings, or patients, M of them.

    Attributes:
        targets: (M, K) of 1, 0 and 255 for unknown.
        p: (M, K)
        groups: (M,) patient.
    """

    targets: np.ndarray
    p: np.ndarray
    groups: np.ndarray


def gather_units(
    unit: np.ndarray, targets: np.ndarray, p: np.ndarray, groups: np.ndarray, task: str, rule: str
) -> Units | None:
    """Put the rows of each unit together; None where no unit has two rows, or a unit has two classes of which
    only one can be true.

    Args:
        unit: (n,) recording or patient of each row.
        targets: (n, K) of 1, 0 and 255 for unknown.
        p: (n, K) of the rows.
        groups: (n,) patient of each row.
        task: "multiclass" or "multilabel".
        rule: "mean", "max" or "noisy_or".
    """
    names, first, index, size = np.unique(unit, return_index=True, return_inverse=True, return_counts=True)
    there = _largest(index, targets == 1, len(names))
    if size.max() < 2 or (task == "multiclass" and (there.sum(axis=1) > 1).any()):
        return None
    unknown = _largest(index, targets == 255, len(names))
    if task == "multiclass":
        # Where one class is true, all others are known not to be.
        unknown &= ~there.any(axis=1, keepdims=True)
    together = np.where(there, 1, np.where(unknown, 255, 0)).astype("uint8")
    return Units(together, _answer(index, p, size, rule), groups[first])


def _largest(index: np.ndarray, values: np.ndarray, units: int) -> np.ndarray:
    largest = np.zeros((units, values.shape[1]), values.dtype)
    np.maximum.at(largest, index, values)
    return largest


def _answer(index: np.ndarray, p: np.ndarray, size: np.ndarray, rule: str) -> np.ndarray:
    if rule == "max":
        return _largest(index, p, len(size))
    # The logarithm of 1 - p, away from a certainty that no other window could take back.
    values = p if rule == "mean" else np.log1p(-np.minimum(p, 1 - 1e-12))
    total = np.stack([np.bincount(index, column, len(size)) for column in values.T], axis=1)
    return total / size[:, None] if rule == "mean" else -np.expm1(total)
