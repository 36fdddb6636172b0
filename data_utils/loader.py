"""Examples of a side, cut from the mapped recordings only when they are asked for."""

from __future__ import annotations

import numpy as np

from data_utils.dataset import Side
from data_utils.preparation import Preparation

# A window flatter than this (mV) is a disconnected lead; scaling it up would only blow up its rounding.
_FLAT = 1e-3


class Examples:
    """Indexable batches of one side, prepared. Holds no signal of its own.

    With an anchor the window lies around it (`preparation.position` of it before); without one it begins at
    the row's start. What lies outside the row's stretch of its recording, and what is not finite, reads as
    0 mV.

    >>> examples = Examples(train, fit_preparation(train, window=0.8))
    >>> examples.batch([0, 1])["signal"].shape  # (B, T, C)
    (2, 288, 1)
    """

    def __init__(self, side: Side, preparation: Preparation) -> None:
        dataset, rows = side.dataset, side.rows
        if len(preparation.covariate_mean) not in (0, len(dataset.covariates)):
            raise ValueError(
                f"The preparation has {len(preparation.covariate_mean)} covariates, {dataset.path} has "
                f"{len(dataset.covariates)}."
            )
        self.side = side
        self.preparation = preparation
        self.samples = np.asarray(dataset.samples)  # the same pages, without memmap's slow indexing
        self.length = preparation.length(dataset.rate)
        first = dataset.recordings.first[dataset.rows.recording[rows]]
        anchor, start = dataset.rows.anchor[rows], dataset.rows.start[rows]
        before = round(self.length * preparation.position)
        self._begin = first + np.where(
            anchor >= 0, anchor - before, start
        )  # (n,) where windows begin in samples
        self._low = first + start  # (n,) first sample that a row may see
        self._high = self._low + dataset.rows.length[rows]  # (n,) first sample that it may not see any more
        self._covariates = _standardised(side.covariates, preparation)
        self._offsets = np.arange(self.length)

    def __len__(self) -> int:
        return len(self.side)

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Model input for positions `indices` (B,) of the side.

        Returns:
            {"signal": (B, T, C) float32, mV or scaled, "covariates": (B, F) float32}; without covariates,
            no such key.
        """
        indices = np.asarray(indices, dtype=np.int64)
        batch = {"signal": self._signal(indices)}
        if self._covariates.shape[1]:
            batch["covariates"] = self._covariates[indices]
        return batch

    def targets(self, indices: np.ndarray) -> np.ndarray:
        """(B, K) uint8: 1, 0, or 255 for unknown."""
        return self.side.targets[np.asarray(indices, dtype=np.int64)]

    def _signal(self, indices: np.ndarray) -> np.ndarray:
        where = self._begin[indices, None] + self._offsets  # (B, T)
        inside = (where >= self._low[indices, None]) & (where < self._high[indices, None])
        signal = self.samples.take(where, axis=0, mode="clip").astype(np.float32)  # (B, T, C)
        known = np.isfinite(signal) & inside[..., None]
        if not known.all():
            signal[~known] = 0.0
        return _scaled_by_window(signal, known) if self.preparation.scaling == "window" else signal


def _scaled_by_window(signal: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Zero mean and unit deviation per window and lead, over known samples; unknown ones stay 0."""
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = signal.sum(axis=1, keepdims=True) / count
    centred = np.where(known, signal - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    return (centred / np.maximum(deviation, _FLAT)).astype(np.float32)


def _standardised(covariates: np.ndarray, preparation: Preparation) -> np.ndarray:
    """(n, F) float32; unknown values become 0, which is the training mean."""
    if not preparation.covariate_mean:
        return np.zeros((len(covariates), 0), np.float32)
    scaled = (covariates - np.array(preparation.covariate_mean)) / np.array(preparation.covariate_std)
    return np.where(np.isfinite(scaled), scaled, 0.0).astype(np.float32)
