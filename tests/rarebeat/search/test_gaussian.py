"""The Gaussian process against scikit-learn's; expected improvement by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from rarebeat.search.gaussian import GaussianProcess, Settings, squared_differences
from rarebeat.search.improvement import log_expected_improvement

NUMERIC = np.zeros(2, dtype=bool)
SETTINGS = Settings(np.log([0.3, 0.8]), np.log(1.5), np.log(0.01))


def seen(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(seed).random((count, 2))
    targets = np.sin(6 * rows[:, 0]) + rows[:, 1]
    return rows, (targets - targets.mean()) / targets.std()


def test_mean_and_deviation_are_those_of_scikit_learn() -> None:
    rows, targets = seen(15)
    kernel = ConstantKernel(1.5) * Matern([0.3, 0.8], nu=2.5) + WhiteKernel(0.01)
    peer = GaussianProcessRegressor(kernel, optimizer=None).fit(rows, targets)
    asked, _ = seen(40, seed=1)
    mean, deviation = GaussianProcess(rows, targets, NUMERIC, [SETTINGS]).predict(asked)
    peer_mean, peer_deviation = peer.predict(asked, return_std=True)
    assert mean[0] == pytest.approx(peer_mean, abs=1e-6)
    # scikit-learn's deviation is that of an observation: the function's and the noise's.
    assert np.hypot(deviation[0], 0.1) == pytest.approx(peer_deviation, abs=1e-6)


def test_unordered_coordinates_are_the_same_or_not() -> None:
    a, b = np.array([[0.0, 0.5]]), np.array([[2.0, 0.1], [0.0, 0.5]])
    differences = squared_differences(a, b, np.array([True, False]))
    assert differences[:, 0] == pytest.approx(np.array([[1.0, 0.0], [0.16, 0.0]]))


def test_believing_in_a_point_leaves_the_mean_and_takes_the_doubt() -> None:
    model = GaussianProcess(*seen(10), NUMERIC, [SETTINGS])
    asked = np.array([[0.5, 0.5]])
    mean, deviation = model.predict(asked)
    after_mean, after_deviation = model.believing(asked).predict(asked)
    assert after_mean == pytest.approx(mean, abs=1e-12)
    assert deviation[0] > 0.1
    assert after_deviation == pytest.approx(0.0, abs=2e-3)


@pytest.mark.parametrize("mean", [-3.0, -1.0, 0.0, 0.5, 1.0, 3.0, 6.0])
def test_expected_improvement_is_the_integral(mean: float) -> None:
    best, deviation = 0.2, 0.7
    z = (best - mean) / deviation
    expected = (best - mean) * stats.norm.cdf(z) + deviation * stats.norm.pdf(z)  # Jones et al. 1998
    found = log_expected_improvement(np.array([mean]), np.array([deviation]), best)
    assert found == pytest.approx([np.log(expected)], rel=1e-6)


def test_expected_improvement_still_falls_where_it_is_too_small_for_a_double() -> None:
    values = log_expected_improvement(np.array([30.0, 60.0, 1e3, 2e4, 1e6]), np.ones(5), 0.0)
    assert np.all(np.isfinite(values)) and np.all(np.diff(values) < 0)
