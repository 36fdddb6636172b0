"""Settings of the Gaussian process: gradients by finite differences, draws against a weighted prior."""

from __future__ import annotations

import numpy as np
import pytest

from rarebeat.search import posterior
from rarebeat.search.gaussian import GaussianProcess, squared_differences
from rarebeat.search.posterior import draw_settings

NUMERIC = np.zeros(2, dtype=bool)


def test_the_gradient_is_that_of_finite_differences() -> None:
    rng = np.random.default_rng(0)
    rows, targets = rng.random((20, 2)), rng.standard_normal(20)
    rows[:, 1] = np.round(rows[:, 1] * 2)
    differences = squared_differences(rows, rows, np.array([False, True]))
    vector, step = np.array([-0.4, 0.3, 0.2, -3.0]), 1e-5

    def value(at: np.ndarray) -> float:
        return posterior._negative_log_posterior(at, differences, targets)[0]

    numeric = [(value(vector + step * e) - value(vector - step * e)) / (2 * step) for e in np.eye(4)]
    assert posterior._negative_log_posterior(vector, differences, targets)[1] == pytest.approx(
        numeric, rel=1e-5
    )


def test_draws_are_spread_as_the_posterior(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = rng.random((12, 1))
    targets = np.sin(5 * rows[:, 0]) + 0.3 * rng.standard_normal(12)
    targets = (targets - targets.mean()) / targets.std()
    monkeypatch.setattr(posterior, "DRAWS", 600)
    found = draw_settings(rows, targets, NUMERIC[:1], rng)
    drawn = np.array([[*settings.lengths, settings.scale, settings.noise] for settings in found])
    means, widths = posterior._priors(1)
    prior = means + widths * rng.standard_normal((6000, 3))
    differences = squared_differences(rows, rows, NUMERIC[:1])
    likelihoods = np.exp([posterior._log_likelihood(vector, differences, targets) for vector in prior])
    weights = likelihoods / likelihoods.sum()
    expected = weights @ prior
    spread = np.sqrt(weights @ (prior - expected) ** 2)
    assert np.abs(expected - means).max() > 0.5  # the data have something to say
    assert drawn.mean(axis=0) == pytest.approx(expected, abs=0.15)
    assert drawn.std(axis=0) == pytest.approx(spread, rel=0.15)


def test_every_draw_knows_the_axis_that_matters() -> None:
    rows = np.random.default_rng(3).random((60, 2))
    targets = np.sin(9 * rows[:, 0])
    for settings in draw_settings(rows, targets / targets.std(), NUMERIC, np.random.default_rng(0)):
        assert settings.lengths[1] > settings.lengths[0] + 1.0


@pytest.mark.parametrize(
    "targets", [np.zeros(30), np.r_[np.zeros(29), 5.4], np.tile([-1.0, 1.0], 15)], ids=["flat", "one", "two"]
)
def test_repeated_points_and_flat_targets_are_survived(targets: np.ndarray) -> None:
    rows, asked = np.tile([[0.5, 0.5]], (30, 1)), np.random.default_rng(0).random((5, 2))
    settings = draw_settings(rows, targets, NUMERIC, np.random.default_rng(0))
    mean, deviation = GaussianProcess(rows, targets, NUMERIC, settings).predict(asked)
    assert np.all(np.isfinite(mean)) and np.all(deviation > 0)
