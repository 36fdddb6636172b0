"""Probabilities and decisions under both links and both tasks."""

import numpy as np
import pytest

from training.decision import decide, neutral_thresholds, probabilities


def test_softmax_sums_to_one_and_is_finite_far_out():
    p = probabilities(np.array([[1000.0, -1000.0, 0.0], [0.0, 0.0, 0.0]]), "softmax")

    assert p.sum(axis=1) == pytest.approx([1, 1])
    assert p[1] == pytest.approx([1 / 3] * 3)


def test_sigmoid_by_hand():
    p = probabilities(np.array([[0.0, np.log(3.0), -np.log(3.0), 1000.0, -1000.0]]), "sigmoid")

    assert p[0] == pytest.approx([0.5, 0.75, 0.25, 1.0, 0.0])


def test_a_link_of_another_name_is_refused():
    with pytest.raises(ValueError, match="must be softmax or sigmoid"):
        probabilities(np.zeros((1, 2)), "probit")


def test_equal_thresholds_are_the_argmax():
    p = np.random.default_rng(0).dirichlet(np.ones(4), 100)

    decisions = decide(p, neutral_thresholds(4), "multiclass")

    assert (decisions.sum(axis=1) == 1).all()
    assert (decisions.argmax(axis=1) == p.argmax(axis=1)).all()


def test_a_lower_threshold_wins_rows_for_a_rare_class():
    # 0.9 / 0.5 = 1.8 against 0.1 / 0.05 = 2.
    assert decide(np.array([[0.9, 0.1]]), np.array([0.5, 0.05]), "multiclass").tolist() == [[False, True]]


def test_multilabel_decides_each_class_alone_and_includes_the_threshold():
    p = np.array([[0.5, 0.4, 0.9]])

    assert decide(p, np.array([0.5, 0.5, 0.1]), "multilabel").tolist() == [[True, False, True]]
