"""The numbers that a model sees beside the signal: the file's covariates, then features of the window."""

from __future__ import annotations

import numpy as np

from data_utils.dataset import Side
from data_utils.features import morphology
from data_utils.preparation import Preparation
from data_utils.windows import Cut


class Covariates:
    """Standardised by the preparation's statistics; what is not known becomes 0, which is the training mean.

    Features are computed when a row is first asked for, and kept: 4 bytes each.

    Attributes:
        count: numbers F of a row.

    Raises:
        ValueError: another number of covariates than the preparation was fitted on.
    """

    def __init__(self, side: Side, preparation: Preparation, rate: float) -> None:
        dataset = side.dataset
        names = preparation.covariate_names(dataset)
        if len(names) != len(preparation.covariate_mean):
            raise ValueError(
                f"The preparation has {len(preparation.covariate_mean)} covariates, {dataset.path} has "
                f"{len(names)}."
            )
        self.count = len(names)
        self.rate = rate
        self._mean, self._std = np.array(preparation.covariate_mean), np.array(preparation.covariate_std)
        self._features = len(preparation.feature_names(dataset))
        self._values = np.empty((len(side), self.count), np.float32)
        stored = self.count - self._features
        if stored:
            self._values[:, :stored] = self._standardised(side.covariates, slice(stored))
        self._computed = np.full(len(side), not self._features)

    def __call__(self, cut: Cut, indices: np.ndarray) -> np.ndarray:
        """(B, F) float32 of the rows at `indices` (B,), whose windows are `cut`."""
        missing = np.flatnonzero(~self._computed[indices])
        if len(missing):
            found = morphology(cut.signal[missing], self.rate)
            self._values[indices[missing], -self._features :] = self._standardised(
                found, slice(-self._features, None)
            )
            self._computed[indices[missing]] = True
        return self._values[indices]

    def _standardised(self, values: np.ndarray, which: slice) -> np.ndarray:
        scaled = (values - self._mean[which]) / self._std[which]
        return np.where(np.isfinite(scaled), scaled, 0.0).astype(np.float32)
