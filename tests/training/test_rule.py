"""The rule of a run: its calibration, its correction of the prior, and what it is worth on other patients."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from training.decision import card_probabilities, decide, probabilities
from training.losses import ClassCounts, build_loss
from training.losses.prior import logits_of
from training.rule import DEFAULTS, cross_fitted, fit_rule

COUNTS = ClassCounts(np.array([104]), np.array([396]))
TRUE, SEEN = np.array([0.9, 0.07, 0.03]), np.array([1 / 3, 1 / 3, 1 / 3])


def resampled(size=20_000):
    """Targets at the true prior, and logits that are right for one that saw every class equally often."""
    rng = np.random.default_rng(0)
    truth = rng.choice(3, size, p=TRUE)
    x = rng.normal(0, 1, (size, 3)) + 1.5 * np.eye(3)[truth]
    # Of unit Gaussians that differ by 1.5 on one axis the log-likelihood ratio is 1.5 x, up to a common term.
    return np.eye(3, dtype="uint8")[truth], 1.5 * x


def test_the_correction_makes_a_resampled_models_probabilities_frequencies():
    targets, logits = resampled()
    shift = logits_of(TRUE, "softmax") - logits_of(SEEN, "softmax")
    hp = {**DEFAULTS, "calibration": "none"}

    def mean(corrected):
        rule = fit_rule(
            targets, logits, "softmax", "multiclass", {**hp, "prior_correction": corrected}, shift
        )
        return rule.probabilities(logits, "softmax").mean(axis=0)

    assert mean(True) == pytest.approx(targets.mean(axis=0), abs=0.005)
    assert np.abs(mean(False) - targets.mean(axis=0)).max() > 0.1


def test_the_temperature_of_a_corrected_model_that_is_right_is_1():
    targets, logits = resampled()
    shift = logits_of(TRUE, "softmax") - logits_of(SEEN, "softmax")

    rule = fit_rule(targets, logits, "softmax", "multiclass", {**DEFAULTS, "prior_correction": True}, shift)

    assert rule.temperature == pytest.approx(1, abs=0.05)
    assert (rule.offset == shift).all()


def test_a_model_that_is_too_sure_has_learnt_the_prior_that_it_saw_too_steeply_as_well():
    targets, logits = resampled()
    shift = logits_of(TRUE, "softmax") - logits_of(SEEN, "softmax")

    rule = fit_rule(
        targets, 2 * logits, "softmax", "multiclass", {**DEFAULTS, "prior_correction": True}, shift
    )

    assert rule.temperature == pytest.approx(2, abs=0.1)
    means = rule.probabilities(2 * logits, "softmax").mean(axis=0)
    assert means == pytest.approx(targets.mean(axis=0), abs=0.005)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_what_alpha_makes_a_focal_network_see_is_corrected(gamma):
    """The logits are those that minimise the loss where so many of 100 rows alike are positive."""
    shares = np.array([1, 3, 10, 30, 60])
    targets = (np.arange(100)[:, None] < shares).astype("uint8")  # (100, 5)
    loss = build_loss({"loss": "focal", "gamma": gamma, "alpha": 0.2, "link": "sigmoid"}, COUNTS)

    def at_rest(k):
        def mean_loss(z):
            return float(loss(targets[:, k : k + 1], np.full((100, 1), z)))

        return minimize_scalar(mean_loss, bounds=(-9, 9), method="bounded").x

    logits = np.repeat([at_rest(k) for k in range(5)], 100)[:, None]
    rows = targets.T.reshape(-1, 1)
    shift = COUNTS.shift_from(loss.implied_prior(COUNTS.positives / 500), "sigmoid")
    rule = fit_rule(rows, logits, "sigmoid", "multilabel", {**DEFAULTS, "prior_correction": True}, shift)

    p = rule.probabilities(logits, "sigmoid").reshape(5, 100)[:, 0]
    assert p == pytest.approx(shares / 100, abs=0.01)


def test_without_calibration_the_logits_stay_as_they_are():
    targets, logits = resampled(500)
    rule = fit_rule(targets, logits, "softmax", "multiclass", {**DEFAULTS, "calibration": "none"})

    assert (rule.probabilities(logits, "softmax") == probabilities(logits, "softmax")).all()


@pytest.mark.parametrize("calibration", ["temperature", "platt", "none"])
def test_a_card_repeats_the_rule(calibration):
    targets, logits = resampled(3000)
    hp = {**DEFAULTS, "calibration": calibration, "prior_correction": True}
    rule = fit_rule(targets, logits, "softmax", "multiclass", hp, np.array([0.5, -0.2, 0.1]))
    names = ["N", "S", "V"]
    by_class = {
        "scale": dict(zip(names, rule.scale.tolist(), strict=True)),
        "offset": dict(zip(names, rule.offset.tolist(), strict=True)),
    }
    card = {"classes": names, "link": "softmax", "temperature": rule.temperature, "calibration": by_class}

    assert card_probabilities(logits, card) == pytest.approx(rule.probabilities(logits, "softmax"))


@pytest.mark.parametrize("calibration", ["temperature", "platt"])
def test_each_patient_is_judged_by_a_rule_of_the_others(calibration):
    targets, logits = resampled(3000)
    groups = np.repeat(["a", "b", "c"], 1000)
    hp = {**DEFAULTS, "calibration": calibration}

    def fit(y, z):
        return fit_rule(y, z, "softmax", "multiclass", hp)

    p, decisions = cross_fitted(targets, logits, groups, "softmax", "multiclass", fit)

    for patient in "abc":
        inside = groups == patient
        rule = fit(targets[~inside], logits[~inside])
        assert (p[inside] == rule.probabilities(logits[inside], "softmax")).all()
        assert (decisions[inside] == decide(p[inside], rule.thresholds, "multiclass")).all()


def test_one_patient_cannot_be_judged():
    targets, logits = resampled(50)

    assert cross_fitted(targets, logits, np.repeat("a", 50), "softmax", "multiclass", None) is None
