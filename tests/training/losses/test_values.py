"""Values of the losses against float64 references written out in NumPy, and against Keras's own."""

import keras
import numpy as np
import pytest

from training.losses import ClassCounts, build_loss
from training.losses.weighted_ce import class_weights

COUNTS = ClassCounts(np.array([900, 60, 30, 10]), np.array([100, 940, 970, 990]))
RNG = np.random.default_rng(1)
LOGITS = RNG.normal(0, 4, (200, 4)).astype("float32")
ONE_HOT = np.eye(4, dtype="uint8")[RNG.integers(0, 4, 200)]
MULTI_HOT = RNG.integers(0, 2, (200, 4)).astype("uint8")


def softmax_true(targets, logits):
    """p_t (B,) in float64."""
    z = logits.astype("float64")
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return p[targets == 1]


def sigmoid_true(targets, logits):
    """p_t (B, K) in float64."""
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    return np.where(targets == 1, p, 1 - p)


def value(hp, targets, logits=LOGITS):
    return float(build_loss(hp, COUNTS)(targets, logits))


def test_ce_is_the_mean_of_minus_log_p():
    assert value({"loss": "ce", "link": "softmax"}, ONE_HOT) == pytest.approx(
        -np.log(softmax_true(ONE_HOT, LOGITS)).mean(), rel=1e-5
    )
    assert value({"loss": "ce", "link": "sigmoid"}, MULTI_HOT) == pytest.approx(
        -np.log(sigmoid_true(MULTI_HOT, LOGITS)).mean(), rel=1e-5
    )


@pytest.mark.parametrize("gamma", [0.0, 0.3, 2.0, 5.0])
def test_focal_under_softmax(gamma):
    p = softmax_true(ONE_HOT, LOGITS)

    expected = ((1 - p) ** gamma * -np.log(p)).mean()

    assert value({"loss": "focal", "link": "softmax", "gamma": gamma}, ONE_HOT) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize("gamma", [0.0, 0.3, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.1, 0.25, 0.9])
def test_focal_under_sigmoid(gamma, alpha):
    p = sigmoid_true(MULTI_HOT, LOGITS)
    weight = np.where(MULTI_HOT == 1, alpha, 1 - alpha)

    expected = (weight * (1 - p) ** gamma * -np.log(p)).mean()

    hp = {"loss": "focal", "link": "sigmoid", "gamma": gamma, "alpha": alpha}
    assert value(hp, MULTI_HOT) == pytest.approx(expected, rel=1e-5)


def test_focal_at_gamma_0_is_cross_entropy():
    focal = value({"loss": "focal", "link": "softmax", "gamma": 0.0}, ONE_HOT)
    assert focal == pytest.approx(value({"loss": "ce", "link": "softmax"}, ONE_HOT), rel=1e-6)

    # Both sides weigh a half.
    focal = value({"loss": "focal", "link": "sigmoid", "gamma": 0.0, "alpha": 0.5}, MULTI_HOT)
    assert 2 * focal == pytest.approx(value({"loss": "ce", "link": "sigmoid"}, MULTI_HOT), rel=1e-6)


def test_alpha_means_nothing_under_softmax():
    values = {value({"loss": "focal", "link": "softmax", "alpha": alpha}, ONE_HOT) for alpha in (0.05, 0.95)}

    assert len(values) == 1


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (1.0, 0.7)])
def test_focal_under_sigmoid_is_kerass_binary_focal_cross_entropy(gamma, alpha):
    # Keras ignores alpha unless apply_class_balancing is set.
    peer = keras.losses.BinaryFocalCrossentropy(
        apply_class_balancing=True, alpha=alpha, gamma=gamma, from_logits=True
    )

    hp = {"loss": "focal", "link": "sigmoid", "gamma": gamma, "alpha": alpha}
    expected = float(peer(MULTI_HOT.astype("float32"), LOGITS))
    assert value(hp, MULTI_HOT) == pytest.approx(expected, rel=1e-4)


def test_focal_under_softmax_is_kerass_categorical_focal_cross_entropy():
    # A list of ones, because a scalar alpha is a scale there.
    peer = keras.losses.CategoricalFocalCrossentropy(alpha=[1.0] * 4, gamma=2.0, from_logits=True)

    # Keras clips probabilities at 1e-7, which these logits do not reach.
    expected = float(peer(ONE_HOT.astype("float32"), LOGITS / 4))
    assert value({"loss": "focal", "link": "softmax"}, ONE_HOT, LOGITS / 4) == pytest.approx(
        expected, rel=1e-4
    )


def test_class_weights_under_softmax_average_one_over_the_training_rows():
    # n^-1: 1/900, 1/60, 1/30, 1/10, each class then weighs 250 of 1,000 rows in all.
    assert class_weights(COUNTS, 1.0, "softmax") == pytest.approx([250 / 900, 250 / 60, 250 / 30, 25.0])
    half = class_weights(COUNTS, 0.5, "softmax").astype("float64")
    assert (half * COUNTS.positives).sum() == pytest.approx(COUNTS.positives.sum(), rel=1e-6)
    assert half[3] / half[0] == pytest.approx(np.sqrt(900 / 10), rel=1e-5)


def test_class_weights_under_sigmoid_balance_positives_and_negatives():
    assert class_weights(COUNTS, 1.0, "sigmoid") == pytest.approx([100 / 900, 940 / 60, 970 / 30, 99.0])
    assert class_weights(COUNTS, 0.5, "sigmoid")[3] == pytest.approx(np.sqrt(99), rel=1e-6)


def test_a_class_without_positives_weighs_one():
    counts = ClassCounts(np.array([10, 0]), np.array([0, 10]))

    assert class_weights(counts, 1.0, "softmax")[1] == 1
    assert class_weights(counts, 1.0, "sigmoid")[1] == 1


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_weighted_ce_is_the_weighted_sum_over_all_rows(link):
    weights = class_weights(COUNTS, 0.7, link)
    if link == "softmax":
        expected = (-np.log(softmax_true(ONE_HOT, LOGITS)) * weights[ONE_HOT.argmax(axis=1)]).mean()
    else:
        expected = (-np.log(sigmoid_true(ONE_HOT, LOGITS)) * np.where(ONE_HOT == 1, weights, 1)).mean()

    hp = {"loss": "weighted_ce", "link": link, "weight_power": 0.7}
    assert value(hp, ONE_HOT) == pytest.approx(expected, rel=1e-5)


def test_weight_power_0_is_cross_entropy():
    for link in ("softmax", "sigmoid"):
        weighted = value({"loss": "weighted_ce", "link": link, "weight_power": 0.0}, ONE_HOT)
        assert weighted == pytest.approx(value({"loss": "ce", "link": link}, ONE_HOT), rel=1e-6)


def test_an_unknown_loss_is_refused_by_name():
    with pytest.raises(ValueError, match="no loss 'focall'; there are ce, focal, weighted_ce"):
        build_loss({"loss": "focall"}, COUNTS)
