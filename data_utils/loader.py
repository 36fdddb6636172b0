"""Examples of a side, cut from the mapped recordings only when they are asked for."""

from __future__ import annotations

import numpy as np

from data_utils.buckets import padded_length
from data_utils.dataset import Side
from data_utils.errors import BadInput
from data_utils.preparation import Preparation
from data_utils.windows import Cut, Windows

# A window flatter than this (mV) is a disconnected lead; scaling it up would only blow up its rounding.
_FLAT = 1e-3


class Examples:
    """Indexable batches of one side, prepared. Holds no signal of its own.

    With an anchor the window lies around it (`preparation.position` of it before); without one it begins at
    the row's start. What lies outside the row's stretch of its recording, and what is not finite, reads as
    0 mV. Where the window is 0 every example is its whole row, and a batch is as long as its longest.

    Attributes:
        length: samples T of every example; None where each has its own.
        lengths: (n,) int64 samples of each example.

    Raises:
        BadInput: leads or a rate that the file does not have, or whole rows where rows are beats.

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
        self._windows = Windows(
            dataset.samples, dataset.leads, dataset.rate, preparation.leads, preparation.resample_to
        )
        self.length = preparation.length(dataset.rate)
        first = dataset.recordings.first[dataset.rows.recording[rows]]
        anchor, start = dataset.rows.anchor[rows], dataset.rows.start[rows]
        if self.length is None and (anchor >= 0).any():
            raise BadInput(
                f"The rows of {dataset.path} are beats of long recordings: give a window in seconds, not 0."
            )
        before = round(round(preparation.window * dataset.rate) * preparation.position)
        # (n,) where windows begin in samples
        self._begin = first + np.where(anchor >= 0, anchor - before, start)
        self._low = first + start  # (n,) first sample that a row may see
        self._high = self._low + dataset.rows.length[rows]  # (n,) first sample that it may not see any more
        whole = self._windows.length(dataset.rows.length[rows])
        self.lengths = whole if self.length is None else np.full(len(rows), self.length, np.int64)
        self._crop = round(preparation.crop * dataset.rate)  # stored samples; 0 is no limit
        self._covariates = _standardised(side.covariates, preparation)

    def __len__(self) -> int:
        return len(self.side)

    @property
    def training_lengths(self) -> np.ndarray:
        """(n,) int64 samples of each example in training, where whole rows may be cropped."""
        if self.length is not None or not self._crop:
            return self.lengths
        return np.minimum(self.lengths, self._windows.length(self._crop))

    def batch(
        self, indices: np.ndarray, rng: np.random.Generator | None = None, length: int | None = None
    ) -> dict[str, np.ndarray]:
        """Model input for positions `indices` (B,) of the side.

        Args:
            rng: in training, where whole rows are cropped at random; None takes all of them.
            length: to which whole rows are padded; None is that of the longest, in steps
                (`data_utils.buckets.padded_length`).
        Returns:
            {"signal": (B, T, C) float32, mV or scaled, "covariates": (B, F) float32}, without covariates no
            such key; with whole rows also "mask" (B, T) float32, 1 for a real sample and 0 for padding.
        """
        indices = np.asarray(indices, dtype=np.int64)
        cut = self._cut(indices, rng, length)
        batch = {"signal": _scaled_by_window(cut) if self.preparation.scaling == "window" else cut.signal}
        if self._covariates.shape[1]:
            batch["covariates"] = self._covariates[indices]
        if self.length is None:
            batch["mask"] = cut.inside().astype(np.float32)
        return batch

    def targets(self, indices: np.ndarray) -> np.ndarray:
        """(B, K) uint8: 1, 0, or 255 for unknown."""
        return self.side.targets[np.asarray(indices, dtype=np.int64)]

    def _cut(self, indices: np.ndarray, rng: np.random.Generator | None, length: int | None) -> Cut:
        begin, low, high = self._begin[indices], self._low[indices], self._high[indices]
        if self.length is not None:
            return self._windows.cut(begin, low, high, self.length)
        if rng is not None and self._crop:
            low = low + rng.integers(np.maximum(high - low - self._crop, 0) + 1)
            high = np.minimum(high, low + self._crop)
        longest = int(self._windows.length(high - low).max(initial=1))
        return self._windows.cut(low, low, high, length or padded_length(longest))


def _scaled_by_window(cut: Cut) -> np.ndarray:
    """Zero mean and unit deviation per window and lead, over known samples; unknown ones stay 0."""
    signal, known = cut.signal, cut.known()
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
