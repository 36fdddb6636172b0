"""Examples of a side, cut from the mapped recordings only when they are asked for."""

from __future__ import annotations

import numpy as np

from data_utils.buckets import padded_length
from data_utils.channels import Channels
from data_utils.covariates import Covariates
from data_utils.dataset import Side
from data_utils.errors import BadInput
from data_utils.preparation import Preparation
from data_utils.windows import Cut, Windows, places


class Examples:
    """Indexable batches of one side, prepared. Holds no signal of its own.

    With an anchor the window lies around it (`preparation.position` of it before); without one it begins at
    the row's start. What lies outside the row's stretch of its recording, and what is not finite, reads as
    0 mV. Where the window is 0 every example is its whole row, and a batch is as long as its longest.

    Attributes:
        length: samples T of every example; None where each has its own.
        lengths: (n,) int64 samples of each example.

    Raises:
        BadInput: leads or a rate that the file does not have, whole rows where rows are beats, or a residual
            where they are none.
        ValueError: another number of covariates than the preparation was fitted on.

    >>> examples = Examples(train, fit_preparation(train, window=0.8))
    >>> examples.batch([0, 1])["signal"].shape  # (B, T, C)
    (2, 288, 1)
    """

    def __init__(self, side: Side, preparation: Preparation) -> None:
        dataset = side.dataset
        self.side = side
        self.preparation = preparation
        self.length = preparation.length(dataset.rate)
        if self.length is None and (dataset.rows.anchor[side.rows] >= 0).any():
            raise BadInput(
                f"The rows of {dataset.path} are beats of long recordings: give a window in seconds, not 0."
            )
        self._windows = Windows(dataset, preparation.leads, preparation.resample_to)
        self._channels = Channels(dataset, preparation, self._windows)
        self._covariates = Covariates(side, preparation, self._windows.rate)
        self._recording = dataset.rows.recording[side.rows]
        self._begin, self._low, self._high = places(side, preparation.before(dataset.rate))
        self._crop = round(preparation.crop * dataset.rate)  # stored samples; 0 is no limit
        whole = self._windows.length(dataset.rows.length[side.rows])
        self.lengths = whole if self.length is None else np.full(len(side), self.length, np.int64)

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
            "signal": (B, T, C) float32, mV or scaled; with `residual` the leads and then their residuals.
            "covariates": (B, F) float32, the file's and then the window's features; only where there are any.
            "mask": (B, T) float32, 1 for a real sample and 0 for padding; only with whole rows.
        """
        indices = np.asarray(indices, dtype=np.int64)
        cut = self._cut(indices, rng, length)
        batch = {"signal": self._channels(cut, self._recording[indices])}
        if self._covariates.count:
            batch["covariates"] = self._covariates(cut, indices)
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
