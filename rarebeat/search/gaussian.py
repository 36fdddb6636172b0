"""A Gaussian process over mixed coordinates: Matern 5/2 with one length scale an axis, and noise.

Rasmussen and Williams, "Gaussian processes for machine learning", 2006, chapters 2 and 5. Length scales and
noise are those of the highest posterior density: with a few dozen runs the marginal likelihood alone would
run to a bound. Written out instead of scikit-learn's because the search cannot wait: analytic gradients on
squared distances that are computed once fit 100 runs in 0.02 s instead of 0.4 s, and priors and
unordered axes have no place there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

ROOT5 = np.sqrt(5.0)
# Log-normal priors (mean and standard deviation of the natural logarithm). An axis of length 1 is crossed by
# a function of length scale 1 with little more than one turn.
LENGTH_PRIOR = (-0.5, 0.7)
NOISE_PRIOR = (-3.5, 1.2)  # variance, of targets with variance 1
SCALE_PRIOR = (0.0, 0.7)  # variance of the process
WIDTH = 4.0  # standard deviations of a prior that the fit may go: bounds that are never of interest
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


def _matern(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The correlation at scaled distances, and (1 + sqrt5 r) exp(-sqrt5 r), which its gradient needs."""
    r = ROOT5 * distances
    falling = np.exp(-r)
    slope = (1.0 + r) * falling
    return slope + (r * r / 3.0) * falling, slope


def _distances(differences: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.sqrt(np.tensordot(np.exp(-2.0 * lengths), differences, axes=1))


def _factor(covariance: np.ndarray) -> np.ndarray:
    """The lower Cholesky factor; what rounding took is given back on the diagonal."""
    for jitter in (0.0, *JITTERS):
        try:
            return cholesky(covariance + jitter * np.eye(len(covariance)), lower=True)
        except np.linalg.LinAlgError:
            continue
    return cholesky(covariance + np.eye(len(covariance)), lower=True)


def _negative_log_posterior(vector: np.ndarray, differences: np.ndarray, targets: np.ndarray) -> tuple:
    """Of the settings, up to a constant, and its gradient."""
    settings, count = Settings.of(vector), len(targets)
    scale, noise = np.exp(settings.scale), np.exp(settings.noise)
    correlation, slope = _matern(_distances(differences, settings.lengths))
    factor = _factor(scale * correlation + noise * np.eye(count))
    weights = cho_solve((factor, True), targets)
    inverse = cho_solve((factor, True), np.eye(count))
    pull = inverse - np.outer(weights, weights)
    value = 0.5 * targets @ weights + np.log(np.diag(factor)).sum()
    # The derivative of the covariance by a log length is 5/3 of scale * slope * difference / length^2.
    by_length = np.tensordot(differences, pull * slope, axes=2) * np.exp(-2.0 * settings.lengths)
    by_scale, by_noise = 0.5 * scale * np.sum(pull * correlation), 0.5 * noise * np.trace(pull)
    gradient = np.array([*(scale * 5.0 / 6.0 * by_length), by_scale, by_noise])
    means, widths = _priors(len(settings.lengths))
    apart = (vector - means) / widths
    return value + 0.5 * apart @ apart, gradient + apart / widths


def _priors(axes: int) -> tuple[np.ndarray, np.ndarray]:
    table = np.array([LENGTH_PRIOR] * axes + [SCALE_PRIOR, NOISE_PRIOR])
    return table[:, 0], table[:, 1]


def fit_settings(
    rows: np.ndarray, targets: np.ndarray, unordered: np.ndarray, rng: np.random.Generator, starts: int = 2
) -> Settings:
    """The settings of highest posterior density.

    Args:
        rows: (n, d) coordinates.
        targets: (n,) with mean about 0 and variance about 1.
        unordered: (d,) bool.
        starts: One from the middle of the priors, the others drawn from them.
    """
    from scipy.optimize import minimize  # a third of a second, which `rarebeat check` need not wait

    means, widths = _priors(rows.shape[1])
    differences = squared_differences(rows, rows, unordered)
    bounds = list(zip(means - WIDTH * widths, means + WIDTH * widths, strict=True))
    best, lowest = means, np.inf
    for start in range(starts):
        begin = means if start == 0 else means + 0.7 * widths * rng.standard_normal(len(means))
        found = minimize(
            _negative_log_posterior,
            begin,
            args=(differences, targets),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 40},
        )
        if np.isfinite(found.fun) and found.fun < lowest:
            best, lowest = found.x, found.fun
    return Settings.of(best)


class GaussianProcess:
    """The process given what was seen at `rows`.

    Args:
        rows: (n, d) coordinates.
        targets: (n,).
        unordered: (d,) bool.
        settings: Of the kernel and the noise.
        believed: (b, d) coordinates where the function is taken to be known: it passes through its own mean.
    """

    def __init__(
        self,
        rows: np.ndarray,
        targets: np.ndarray,
        unordered: np.ndarray,
        settings: Settings,
        believed: np.ndarray | None = None,
    ) -> None:
        self.rows, self.targets, self.unordered, self.settings = rows, targets, unordered, settings
        noise = np.full(len(rows), np.exp(settings.noise))
        if believed is not None:
            self.rows, noise = np.vstack([rows, believed]), np.append(noise, np.full(len(believed), KNOWN))
        covariance = self._covariance(self.rows)
        self._factor = _factor(covariance + np.diag(noise))
        # What is believed lies on the mean, so it leaves the mean as it is.
        seen = self._factor[: len(rows), : len(rows)]
        self._weights = cho_solve((seen, True), targets)

    def _covariance(self, rows: np.ndarray) -> np.ndarray:
        """(m, n) between `rows` (m, d) and all that is seen or believed."""
        differences = squared_differences(rows, self.rows, self.unordered)
        return np.exp(self.settings.scale) * _matern(_distances(differences, self.settings.lengths))[0]

    def predict(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (m,) and standard deviation (m,) of the function, without its noise, at `rows` (m, d)."""
        covariance = self._covariance(rows)
        mean = covariance[:, : len(self.targets)] @ self._weights
        explained = solve_triangular(self._factor, covariance.T, lower=True)
        variance = np.exp(self.settings.scale) - np.einsum("ij,ij->j", explained, explained)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def believing(self, rows: np.ndarray) -> GaussianProcess:
        """As if the function had been seen at `rows`, on its mean (Ginsbourger et al. 2010), without noise.

        With noise a second run beside one under way would look as promising as the first.
        """
        if not len(rows):
            return self
        return GaussianProcess(self.rows, self.targets, self.unordered, self.settings, rows)
