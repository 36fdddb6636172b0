"""A scale and an offset for each class, against scikit-learn and by what they are for."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from training.decision import probabilities
from training.platt import fit_platt
from training.temperature import fit_temperature

RNG = np.random.default_rng(0)


def distorted(link, size=4000):
    """Targets of calibrated logits, and those logits scaled and shifted class by class."""
    z = RNG.normal([1.0, -1.5, -2.0], 1.5, (size, 3))
    if link == "softmax":
        draw = (np.cumsum(probabilities(z, link), axis=1) < RNG.random((size, 1))).sum(axis=1)
        targets = np.eye(3, dtype="uint8")[np.minimum(draw, 2)]
    else:
        targets = (RNG.random((size, 3)) < probabilities(z, link)).astype("uint8")
    return targets, z * [2.0, 0.5, 1.0] + [0.0, 1.0, -2.0]


def test_under_sigmoid_it_is_scikit_learns_logistic_regression():
    targets, logits = distorted("sigmoid")
    scale, offset = fit_platt(targets, logits, "sigmoid")

    for k in range(3):
        peer = LogisticRegression(C=np.inf, tol=1e-8).fit(logits[:, [k]], targets[:, k])
        # Platt's smoothed targets differ from 0 and 1 by one in the number of rows.
        assert scale[k] == pytest.approx(peer.coef_[0, 0], rel=0.02)
        assert offset[k] == pytest.approx(peer.intercept_[0], rel=0.02, abs=0.02)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_it_undoes_what_distorts_each_class_and_one_temperature_cannot(link):
    targets, logits = distorted(link)
    scale, offset = fit_platt(targets, logits, link)

    def loss(p):
        if link == "softmax":
            return log_loss(targets.argmax(axis=1), p)
        return np.mean([log_loss(targets[:, k], p[:, k]) for k in range(3)])

    fitted = loss(probabilities(logits, link, 1.0, scale, offset))
    assert fitted < loss(probabilities(logits, link, fit_temperature(targets, logits, link))) - 0.01
    assert scale == pytest.approx([0.5, 2.0, 1.0], rel=0.15)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_a_class_of_nine_positives_keeps_the_temperature_of_all(link):
    targets, logits = distorted(link)
    rows = np.sort(np.concatenate([np.flatnonzero(targets[:, 2])[:9], np.flatnonzero(targets[:, 2] == 0)]))
    targets, logits = targets[rows], logits[rows]
    scale, offset = fit_platt(targets, logits, link)

    assert offset[2] == 0
    assert scale[2] == 1 / fit_temperature(targets, logits, link)
    assert offset[1] != 0


def test_separable_classes_keep_finite_numbers():
    targets = np.repeat([[1], [0]], 20, axis=0).astype("uint8")
    scale, offset = fit_platt(targets, np.where(targets == 1, 5.0, -5.0), "sigmoid")

    # Platt's targets of 20 and 20 rows are 21/22 and 1/22.
    p = probabilities(np.array([[5.0], [-5.0]]), "sigmoid", 1.0, scale, offset)
    assert p[:, 0] == pytest.approx([21 / 22, 1 / 22], abs=1e-4)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_unknown_rows_change_nothing(link):
    targets, logits = distorted(link, 600)
    unknown = np.vstack([targets, np.full((50, 3), 255, "uint8")])

    with_unknown = fit_platt(unknown, np.vstack([logits, np.full((50, 3), 9.0)]), link)

    for one, other in zip(with_unknown, fit_platt(targets, logits, link), strict=True):
        assert one == pytest.approx(other)
