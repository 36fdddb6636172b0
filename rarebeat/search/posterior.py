"""Settings of a Gaussian process that fit what was seen: draws from their posterior.

With a few dozen noisy runs many settings fit about as well, and the one that fits best is too sure of itself;
by the marginal likelihood alone it would run to a bound. So there are priors, and the search averages over a
few draws (Snoek et al., "Practical Bayesian optimization of machine learning algorithms", 2012), which come
from elliptical slice sampling: it has nothing to tune (Murray, Adams and MacKay, 2010). The chain begins at
the settings of highest posterior density, found by analytic gradients (Rasmussen and Williams, "Gaussian
processes for machine learning", 2006, chapter 5). It is short: its draws are not independent, and with many
runs they stay nearer that mode than the posterior is wide.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_solve, solve_triangular

from rarebeat.search.gaussian import Settings, factor_of, matern, scaled_distances, squared_differences

# Log-normal priors (mean and standard deviation of the natural logarithm). An axis of length 1 is crossed by
# a function of length scale 1 with little more than one turn.
LENGTH_PRIOR = (-0.5, 0.7)
NOISE_PRIOR = (-3.5, 1.2)  # variance, of targets with variance 1
SCALE_PRIOR = (0.0, 0.7)  # variance of the process
WIDTH = 4.0  # standard deviations of a prior that the mode may lie away: bounds that are never of interest
DRAWS = 4
APART = 4  # steps of the chain from one draw to the next
SHRUNK = 30  # points of an ellipse that are tried; the chain stays where it is if none will do


def draw_settings(
    rows: np.ndarray, targets: np.ndarray, unordered: np.ndarray, rng: np.random.Generator
) -> list[Settings]:
    """DRAWS draws of the settings from a chain in their posterior.

    Args:
        rows: (n, d) coordinates.
        targets: (n,), of which those of all runs have mean 0 and variance 1.
        unordered: (d,) bool.
    """
    differences = squared_differences(rows, rows, unordered)
    means, widths = _priors(rows.shape[1])
    at, drawn = _mode(differences, targets), []
    for step in range(1, DRAWS * APART + 1):
        at = _step(at, means, widths * rng.standard_normal(len(means)), differences, targets, rng)
        if step % APART == 0:
            drawn.append(Settings.of(at))
    return drawn


def _step(
    at: np.ndarray,
    means: np.ndarray,
    aside: np.ndarray,
    differences: np.ndarray,
    targets: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """One step of elliptical slice sampling: a likely point of the ellipse through `at` and `aside`.

    `aside` is a draw from the prior, less its mean. Where SHRUNK points will not do it stays where it is.
    """
    level = _log_likelihood(at, differences, targets) + np.log(rng.random())
    angle = rng.uniform(0.0, 2.0 * np.pi)
    low, high = angle - 2.0 * np.pi, angle
    for _ in range(SHRUNK):
        tried = means + (at - means) * np.cos(angle) + aside * np.sin(angle)
        if _log_likelihood(tried, differences, targets) > level:
            return tried
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = rng.uniform(low, high)
    return at


def _log_likelihood(vector: np.ndarray, differences: np.ndarray, targets: np.ndarray) -> float:
    """Marginal, of the settings, up to a constant."""
    settings = Settings.of(vector)
    covariance = np.exp(settings.scale) * matern(scaled_distances(differences, settings.lengths))[0]
    np.fill_diagonal(covariance, covariance.diagonal() + np.exp(settings.noise))
    factor = factor_of(covariance)
    white = solve_triangular(factor, targets, lower=True)
    return float(-0.5 * white @ white - np.log(np.diag(factor)).sum())


def _mode(differences: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The settings of highest posterior density, from the middle of the priors."""
    from scipy.optimize import minimize  # a third of a second, which `rarebeat check` need not wait

    means, widths = _priors(len(differences))
    found = minimize(
        _negative_log_posterior,
        means,
        args=(differences, targets),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(means - WIDTH * widths, means + WIDTH * widths, strict=True)),
        options={"maxiter": 40},
    )
    return found.x if np.isfinite(found.fun) else means


def _negative_log_posterior(vector: np.ndarray, differences: np.ndarray, targets: np.ndarray) -> tuple:
    """Of the settings, up to a constant, and its gradient."""
    settings, count = Settings.of(vector), len(targets)
    scale, noise = np.exp(settings.scale), np.exp(settings.noise)
    correlation, slope = matern(scaled_distances(differences, settings.lengths))
    factor = factor_of(scale * correlation + noise * np.eye(count))
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
