"""The losses equal Keras's own and scikit-learn's where those are right."""

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from training.losses import ClassCounts, build_loss

RNG = np.random.default_rng(1)
LOGITS = RNG.normal(0, 1, (200, 4)).astype("float32")
TRUE = RNG.choice(4, 200, p=[0.7, 0.15, 0.1, 0.05])
ONE_HOT = np.eye(4, dtype="uint8")[TRUE]
MULTI_HOT = RNG.integers(0, 2, (200, 4)).astype("uint8")
COUNTS = ClassCounts.of(ONE_HOT)
P = np.exp(LOGITS.astype(float)) / np.exp(LOGITS.astype(float)).sum(axis=1, keepdims=True)


def value(hp, targets):
    return float(build_loss(hp, COUNTS)(targets, LOGITS))


def test_ce_under_softmax_is_scikit_learns_log_loss():
    assert value({"loss": "ce", "link": "softmax"}, ONE_HOT) == pytest.approx(log_loss(TRUE, P), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_ce_is_kerass(smoothing):
    softmax = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    sigmoid = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)
    hp = {"loss": "ce", "label_smoothing": smoothing}

    expected = float(softmax(ONE_HOT.astype("float32"), LOGITS))
    assert value({**hp, "link": "softmax"}, ONE_HOT) == pytest.approx(expected, rel=1e-6)
    expected = float(sigmoid(MULTI_HOT.astype("float32"), LOGITS))
    assert value({**hp, "link": "sigmoid"}, MULTI_HOT) == pytest.approx(expected, rel=1e-6)


def test_balanced_weights_are_scikit_learns():
    weights = compute_class_weight("balanced", classes=np.arange(4), y=TRUE)
    expected = log_loss(TRUE, P, sample_weight=compute_sample_weight("balanced", TRUE))

    # scikit-learn divides by the sum of weights, which is the number of rows here.
    assert (weights[TRUE]).sum() == pytest.approx(200)
    hp = {"loss": "weighted_ce", "link": "softmax", "class_weights": "balanced"}
    assert value(hp, ONE_HOT) == pytest.approx(expected, rel=1e-5)


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
    expected = float(peer(ONE_HOT.astype("float32"), LOGITS))
    assert value({"loss": "focal", "link": "softmax"}, ONE_HOT) == pytest.approx(expected, rel=1e-4)


def test_alpha_means_nothing_under_softmax():
    values = {value({"loss": "focal", "link": "softmax", "alpha": alpha}, ONE_HOT) for alpha in (0.05, 0.95)}

    assert len(values) == 1


def test_tversky_is_kerass_whose_two_weights_are_the_other_way_round():
    peer = keras.losses.Tversky(alpha=0.7, beta=0.3, axis=(0,))

    hp = {"loss": "tversky", "link": "softmax", "tversky_alpha": 0.3, "tversky_beta": 0.7}
    expected = float(peer(ONE_HOT.astype("float32"), P.astype("float32")))
    assert value(hp, ONE_HOT) == pytest.approx(expected, rel=1e-5)


def test_soft_f1_is_kerass_dice():
    peer = keras.losses.Dice(axis=(0,))

    expected = float(peer(ONE_HOT.astype("float32"), P.astype("float32")))
    assert value({"loss": "soft_f1", "link": "softmax"}, ONE_HOT) == pytest.approx(expected, rel=1e-5)
