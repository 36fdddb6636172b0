"""One scalar by negative log-likelihood: by hand, and the factor that was put in comes out."""

import numpy as np
import pytest

from training.decision import probabilities
from training.temperature import fit_temperature


def test_sigmoid_by_hand():
    # Logit 2 log 3, p 0.9, for all; three of four are positive: p must be 0.75, logit log 3.
    logits = np.full((4, 1), 2 * np.log(3.0))

    assert fit_temperature(np.array([[1], [1], [1], [0]]), logits, "sigmoid") == pytest.approx(2, abs=1e-4)


def test_softmax_by_hand():
    # The first class has 3 log 2 more than the other: 8 to 1; two of three are it: 2 to 1, log 2.
    logits = np.array([[3 * np.log(2.0), 0.0]] * 3)

    assert fit_temperature(np.eye(2)[[0, 0, 1]], logits, "softmax") == pytest.approx(3, abs=1e-4)


@pytest.mark.parametrize("factor", [0.4, 3.0])
def test_the_factor_that_logits_were_multiplied_by_comes_out(factor):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 4))
    cumulated = probabilities(logits, "softmax").cumsum(axis=1)
    targets = np.eye(4, dtype="uint8")[(rng.random((20_000, 1)) > cumulated).sum(axis=1)]

    assert fit_temperature(targets, factor * logits, "softmax") == pytest.approx(factor, rel=0.03)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_unknown_targets_change_nothing(link):
    targets, logits = np.eye(2, dtype="uint8")[[0, 0, 1]], np.array([[1.0, 0.2]] * 3)
    odd = np.vstack([targets, [[255, 255]]]), np.vstack([logits, [[-50.0, 50.0]]])

    assert fit_temperature(*odd, link) == pytest.approx(fit_temperature(targets, logits, link))


def test_nothing_known_is_1_and_what_is_separable_stays_finite():
    assert fit_temperature(np.full((3, 2), 255), np.ones((3, 2)), "sigmoid") == 1
    assert fit_temperature(np.eye(2), 9 * np.eye(2), "softmax") == pytest.approx(0.05, rel=0.01)
