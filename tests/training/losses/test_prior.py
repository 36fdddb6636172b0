"""Where constant logits come to rest under each loss, found by descent: the output bias starts there."""

import numpy as np
import pytest
from scipy.optimize import minimize

from training.decision import probabilities
from training.losses import ClassCounts, build_loss
from training.losses.prior import logits_of, shifted_prior

TARGETS = np.eye(4, dtype="uint8")[np.repeat(np.arange(4), [80, 12, 6, 2])]
COUNTS = ClassCounts.of(TARGETS)
STREAM = TARGETS.mean(axis=0)

EXACT = [
    {"loss": "ce"},
    {"loss": "weighted_ce"},
    {"loss": "weighted_ce", "class_weights": "negatives"},
    {"loss": "class_balanced", "beta": 0.99},
    {"loss": "logit_adjusted", "tau": 0.5},
    {"loss": "logit_adjusted", "tau": 1.0},
    {"loss": "balanced_softmax"},
    {"loss": "focal", "gamma": 0.0, "alpha": 0.2},
]


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
@pytest.mark.parametrize("hp", EXACT)
def test_the_implied_prior_minimises_the_loss_of_constant_logits(hp, link):
    loss = build_loss({**hp, "link": link}, COUNTS)

    def of_constant(z):
        return float(loss(TARGETS, np.tile(z, (100, 1)).astype("float64")))

    found = minimize(of_constant, np.zeros(4), method="Powell", options={"xtol": 1e-7, "ftol": 1e-13})

    at_rest = probabilities(found.x[None], link)[0]
    assert loss.implied_prior(STREAM) == pytest.approx(at_rest, abs=2e-3)


@pytest.mark.parametrize("scale", [0.05, 0.5, 1.0])
def test_under_softmax_the_shift_of_distribution_balanced_is_an_adjustment_by_so_much(scale):
    shifted = build_loss({"loss": "distribution_balanced", "bias_scale": scale, "link": "softmax"}, COUNTS)
    adjusted = build_loss({"loss": "logit_adjusted", "tau": scale, "link": "softmax"}, COUNTS)

    logits = np.random.default_rng(0).normal(size=(100, 4))
    assert float(shifted(TARGETS, logits)) == pytest.approx(float(adjusted(TARGETS, logits)))
    assert shifted.implied_prior(STREAM) == pytest.approx(adjusted.implied_prior(STREAM))


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_full_adjustment_begins_with_every_class_alike(link):
    loss = build_loss({"loss": "balanced_softmax", "link": link}, COUNTS)

    assert loss.implied_prior(STREAM) == pytest.approx([0.25] * 4 if link == "softmax" else [0.5] * 4)


def test_cross_entropy_leaves_the_stream_as_it_is():
    stream = (0.9, 0.1, 0.0, 0.0)

    assert build_loss({"loss": "ce"}, COUNTS).implied_prior(stream) == stream


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_shares_and_logits_are_inverse(link):
    shares = (0.7, 0.2, 0.06, 0.04)

    assert probabilities(logits_of(shares, link)[None], link)[0] == pytest.approx(shares)
    assert shifted_prior(shares, np.zeros(4), link) == pytest.approx(shares)


def test_a_class_that_never_comes_keeps_finite_logits():
    assert np.isfinite(logits_of((1.0, 0.0), "sigmoid")).all()


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_a_class_that_never_comes_is_not_shifted_and_the_others_from_one_prior_to_the_other(link):
    counts = ClassCounts(np.array([900, 100, 0]), np.array([100, 900, 1000]))
    training = (0.9, 0.1, 0.0)

    # A count of 0 is taken as 1 of 1,001.
    assert counts.shift_from(training, link) == pytest.approx([0, 0, 0], abs=2e-3)
    balanced = logits_of((0.5, 0.5, 0.0), link) + counts.shift_from((0.5, 0.5, 0.0), link)
    assert probabilities(balanced[None], link)[0] == pytest.approx(training, abs=2e-3)
