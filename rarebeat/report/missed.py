"""The rare beats or recordings that the best run was most sure not to be what they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from data_utils.dataset import Dataset
from training.predictions import Predictions

SHOWN = 3  # of each class
CLASSES = 8
_AROUND = 2.0  # s on each side of a beat


@dataclass(frozen=True)
class Missed:
    """A row that has `truth` and was not decided to: `probability` of it, what was `called` instead."""

    row: int
    truth: str
    probability: float
    called: tuple[str, ...]
    patient: str


def worst_missed(predictions: Predictions, p: np.ndarray, decisions: np.ndarray) -> dict[str, list[Missed]]:
    """Return the least probable missed rows of each class, rarest first, of as many patients as there are.

    The most frequent class is left out: its misses are the false alarms of the others.

    Args:
        p: probabilities (n, K).
        decisions: (n, K) bool.
    """
    names, positive = predictions.classes, predictions.target == 1
    counts = positive.sum(axis=0)
    rare = [k for k in np.argsort(counts, kind="stable").tolist() if counts[k]][:-1][:CLASSES]
    found = {}
    for k in rare:
        rows = np.flatnonzero(positive[:, k] & ~decisions[:, k])
        rows = rows[np.argsort(p[rows, k], kind="stable")]
        found[names[k]] = [
            Missed(
                int(predictions.row[i]),
                names[k],
                float(p[i, k]),
                tuple(name for name, called in zip(names, decisions[i], strict=True) if called),
                str(predictions.group[i]),
            )
            for i in _of_different_patients(rows, predictions.group)
        ]
    return found


def _of_different_patients(rows: np.ndarray, groups: np.ndarray) -> list[int]:
    """One row of each patient before the second of any."""
    seen: Counter[str] = Counter()
    turns = []
    for group in groups[rows].tolist():
        seen[group] += 1
        turns.append(seen[group])
    return rows[np.argsort(turns, kind="stable")][:SHOWN].tolist()


def excerpt(dataset: Dataset, row: int) -> tuple[np.ndarray, float | None, str]:
    """Return the signal around a row (S, C) mV, where in it the beat is (s; None without one), and the
    recording's name with the time at which it begins.
    """
    rows, recordings = dataset.rows, dataset.recordings
    recording, anchor = rows.recording[row], int(rows.anchor[row])
    first, length = int(recordings.first[recording]), int(recordings.length[recording])
    around = round(_AROUND * dataset.rate)
    if anchor < 0:
        begin, end = int(rows.start[row]), int(rows.start[row] + rows.length[row])
    else:
        begin, end = max(anchor - around, 0), min(anchor + around, length)
    signal = np.asarray(dataset.samples[first + begin : first + end], float)
    where = None if anchor < 0 else (anchor - begin) / dataset.rate
    minutes, seconds = divmod(begin / dataset.rate, 60)
    return signal, where, f"{recordings.name[recording]} from {minutes:.0f}:{seconds:04.1f}"
