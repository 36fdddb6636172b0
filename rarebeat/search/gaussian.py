"""A Gaussian process over mixed coordinates: Matern 5/2 with one length scale an axis, and noise.

Rasmussen and Williams, "Gaussian processes for machine learning", 2006, chapter 2. Written out instead of
scikit-learn's because priors and unordered axes have no place there, and because the search cannot wait:
squared distances are computed once for all settings that are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

ROOT5 = np.sqrt(5.0)
KNOWN = 1e-6  # variance of what is believed, for the sake of rounding
JITTERS = (1e-8, 1e-6, 1e-4, 1e-2)


@dataclass(frozen=True)
class Settings:
    """Natural logarithms of the length scales (d,), the process's variance and the noise's."""

    lengths: np.ndarray
    scale: float
    noise: float

    @staticmethod
    def of(vector: np.ndarray) -> Settings:
        return Settings(vector[:-2], float(vector[-2]), float(vector[-1]))


def squared_differences(a: np.ndarray, b: np.ndarray, unordered: np.ndarray) -> np.ndarray:
    """(d, n, m): per axis the squared difference of two coordinates; 0 or 1 on an unordered axis."""
    differences = a.T[:, :, None] - b.T[:, None, :]
    differences[unordered] = differences[unordered] != 0
    return np.square(differences, out=differences)


def matern(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The correlation at scaled distances, and (1 + sqrt5 r) exp(-sqrt5 r), which its gradient needs."""
    r = ROOT5 * distances
    falling = np.exp(-r)
    slope = (1.0 + r) * falling
    return slope + (r * r / 3.0) * falling, slope


def scaled_distances(differences: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.sqrt(np.tensordot(np.exp(-2.0 * lengths), differences, axes=1))


def factor_of(covariance: np.ndarray) -> np.ndarray:
    """The lower Cholesky factor; what rounding took is given back on the diagonal."""
    for jitter in (0.0, *JITTERS):
        try:
            return cholesky(covariance + jitter * np.eye(len(covariance)), lower=True)
        except np.linalg.LinAlgError:
            continue
    return cholesky(covariance + np.eye(len(covariance)), lower=True)


class GaussianProcess:
    """The process given what was seen at `rows`, under each of k settings.

    Args:
        rows: (n, d) coordinates.
        targets: (n,).
        unordered: (d,) bool.
        settings: k, of the kernel and the noise.
        believed: (b, d) coordinates where the function is taken to be known: it passes through its own mean.
    """

    def __init__(
        self,
        rows: np.ndarray,
        targets: np.ndarray,
        unordered: np.ndarray,
        settings: Sequence[Settings],
        believed: np.ndarray | None = None,
    ) -> None:
        self.rows, self.targets, self.unordered, self.settings = rows, targets, unordered, settings
        known = np.empty(0)
        if believed is not None:
            self.rows, known = np.vstack([rows, believed]), np.full(len(believed), KNOWN)
        self._factors, self._weights = [], []
        for one, covariance in zip(settings, self._covariances(self.rows), strict=True):
            noise = np.append(np.full(len(rows), np.exp(one.noise)), known)
            factor = factor_of(covariance + np.diag(noise))
            self._factors.append(factor)
            # What is believed lies on the mean, so it leaves the mean as it is.
            seen = factor[: len(rows), : len(rows)]
            self._weights.append(cho_solve((seen, True), targets))

    def _covariances(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """(m, n) between `rows` (m, d) and all that is seen or believed, of each of the settings."""
        differences = squared_differences(rows, self.rows, self.unordered)
        for one in self.settings:
            yield np.exp(one.scale) * matern(scaled_distances(differences, one.lengths))[0]

    def predict(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (k, m) and standard deviation (k, m) of the function, without its noise, at `rows` (m, d)."""
        means, variances = np.empty((2, len(self.settings), len(rows)))
        for i, covariance in enumerate(self._covariances(rows)):
            means[i] = covariance[:, : len(self.targets)] @ self._weights[i]
            explained = solve_triangular(self._factors[i], covariance.T, lower=True)
            variances[i] = np.exp(self.settings[i].scale) - np.einsum("ij,ij->j", explained, explained)
        return means, np.sqrt(np.maximum(variances, 1e-12))

    def believing(self, rows: np.ndarray) -> GaussianProcess:
        """As if the function had been seen at `rows`, on its mean (Ginsbourger et al. 2010), without noise.

        With noise a second run beside one under way would look as promising as the first.
        """
        if not len(rows):
            return self
        return GaussianProcess(self.rows, self.targets, self.unordered, self.settings, rows)
