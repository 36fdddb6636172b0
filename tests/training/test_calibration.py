"""Calibration error by hand, and near zero where probabilities are frequencies."""

import numpy as np
import pytest

from training.calibration import calibration_error


def test_two_bins_by_hand():
    # Lower bin: mean 0.15, none positive; upper: mean 0.85, half positive. (0.15 + 0.35) / 2
    error = calibration_error(np.array([False, False, True, False]), np.array([0.1, 0.2, 0.8, 0.9]), bins=2)

    assert error == pytest.approx(0.25)


def test_calibrated_probabilities_have_almost_none():
    rng = np.random.default_rng(0)
    p = rng.beta(0.3, 5, 100_000)

    assert calibration_error(rng.random(100_000) < p, p) < 0.005


def test_fewer_rows_than_bins():
    assert calibration_error(np.array([True]), np.array([0.6])) == pytest.approx(0.4)


def test_rows_of_one_probability_are_not_told_apart_by_their_order():
    # Half of all rows are positive, the later ones, and each is said to be so with one half.
    truth = np.arange(100) >= 50

    assert calibration_error(truth, np.full(100, 0.5)) == 0.0
    # By hand: 50 rows at 0.2, of which none is positive, and 50 at 0.9, of which all are.
    assert calibration_error(truth, np.where(truth, 0.9, 0.2)) == pytest.approx(0.15)
