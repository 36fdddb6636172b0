"""Numbers that belong to a whole recording, computed when a row of it is first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


class PerRecording:
    """Looks an array up for each row, by its recording.

    Args:
        compute: position of a recording in its data set -> an array, of one shape for all.
    """

    def __init__(self, compute: Callable[[int], np.ndarray]) -> None:
        self._compute = compute
        self._kept: dict[int, np.ndarray] = {}

    def __call__(self, recordings: np.ndarray) -> np.ndarray:
        """(B, ...) of recordings (B,). Safe in threads: at worst two of them compute the same."""
        distinct, which = np.unique(recordings, return_inverse=True)
        for recording in distinct.tolist():
            if recording not in self._kept:
                self._kept[recording] = self._compute(recording)
        return np.stack([self._kept[recording] for recording in distinct.tolist()])[which]
