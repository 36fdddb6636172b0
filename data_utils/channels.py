"""What a model sees of a window: its leads, scaled, and how they differ from the record's median beat."""

from __future__ import annotations

import numpy as np

from data_utils.dataset import Dataset
from data_utils.errors import BadInput
from data_utils.median_beat import evenly, median_window
from data_utils.per_recording import PerRecording
from data_utils.preparation import Preparation
from data_utils.windows import Cut, Windows

# A window flatter than this (mV) is a disconnected lead; scaling it up would only blow up its rounding.
_FLAT = 1e-3
# Samples of a recording that its level and range are taken from: a lead of a day has no other quartiles.
_SAMPLES = 100_000


class Channels:
    """Makes the channels (B, T, C') of windows (B, T, C): C' is C, or 2 C with the residual.

    Raises:
        BadInput: the residual of rows that are no beats.
    """

    def __init__(self, dataset: Dataset, preparation: Preparation, windows: Windows) -> None:
        self.dataset = dataset
        self.preparation = preparation
        self.windows = windows
        self._levels = PerRecording(self._levels_of)
        self._median = PerRecording(self._median_of)
        if preparation.residual and not (dataset.rows.anchor >= 0).all():
            raise BadInput(
                f"residual needs beats to take a median of, but the rows of {dataset.path} are strips: "
                "set it to false."
            )

    def __call__(self, cut: Cut, recordings: np.ndarray) -> np.ndarray:
        """(B, T, C') float32 of windows that are cut from `recordings` (B,); what is not known is 0."""
        if self.preparation.scaling == "none" and not self.preparation.residual:
            return cut.signal
        known = cut.known()
        centre, spread = self._scale(cut, known, recordings)
        parts = [(cut.signal - centre) / spread]
        if self.preparation.residual:
            parts.append(self._residual(cut, known, recordings) / spread)
        return np.concatenate([np.where(known, part, 0.0) for part in parts], axis=2, dtype=np.float32)

    def _scale(self, cut: Cut, known: np.ndarray, recordings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is taken off a window and what it is divided by, (B, 1, C) each."""
        if self.preparation.scaling == "window":
            mean = _mean(cut.signal, known)
            return mean, np.maximum(np.sqrt(_mean((cut.signal - mean) ** 2, known)), _FLAT)
        if self.preparation.scaling == "record":
            levels = self._levels(recordings)[:, None]  # (B, 1, 2, C)
            return levels[:, :, 0], np.maximum(levels[:, :, 1], _FLAT)
        return np.zeros((1, 1, 1), np.float32), np.ones((1, 1, 1), np.float32)

    def _residual(self, cut: Cut, known: np.ndarray, recordings: np.ndarray) -> np.ndarray:
        """(B, T, C) mV: the window without the record's median window."""
        residual = cut.signal - self._median(recordings)
        # As its lead, a scaled residual has no baseline.
        return residual - _mean(residual, known) if self.preparation.scaling == "window" else residual

    def _levels_of(self, recording: int) -> np.ndarray:
        """(2, C) mV: median and interquartile range of each lead."""
        first, length = (
            int(getattr(self.dataset.recordings, what)[recording]) for what in ("first", "length")
        )
        step = max(1, -(-length // _SAMPLES))
        leads = self.windows.samples[first : first + length : step, self.windows.channels]
        low, median, high = np.array([_quartiles(lead[np.isfinite(lead)]) for lead in leads.T]).T
        return np.stack([median, high - low]).astype(np.float32)

    def _median_of(self, recording: int) -> np.ndarray:
        """(T, C) mV, of the recording's beats, whatever side or class they are of."""
        dataset = self.dataset
        anchors = evenly(dataset.rows.anchor[dataset.rows.recording == recording])
        low = np.full(len(anchors), dataset.recordings.first[recording])
        begin = low + anchors - self.preparation.before(dataset.rate)
        high = low + dataset.recordings.length[recording]
        return median_window(self.windows.cut(begin, low, high, self.preparation.length(dataset.rate)))


def _mean(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(B, 1, C) mean over the known samples of (B, T, C)."""
    total = np.where(known, values, 0.0).sum(axis=1, keepdims=True)
    return (total / np.maximum(known.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def _quartiles(lead: np.ndarray) -> np.ndarray:
    return np.percentile(lead.astype(np.float32), (25, 50, 75)) if len(lead) else np.zeros(3)
