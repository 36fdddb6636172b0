"""Several models that answer as one."""

from __future__ import annotations

import numpy as np
import pytest

from training.committee import majority, mean, select, vote
from training.decision import decide

P = [
    np.array([[0.8, 0.2], [0.4, 0.6]]),
    np.array([[0.6, 0.4], [0.1, 0.9]]),
    np.array([[0.1, 0.9], [0.9, 0.1]]),
]


def test_the_mean_is_weighted():
    # By hand: (2 * 0.8 + 0.6 + 0.1) / 4 = 0.575 and (2 * 0.4 + 0.1 + 0.9) / 4 = 0.45.
    np.testing.assert_allclose(mean(P, [2, 1, 1])[:, 0], [0.575, 0.45])


@pytest.mark.parametrize(("task", "half"), [("multiclass", 0.5), ("multilabel", 0.5)])
def test_the_vote_is_of_decisions_by_each_members_own_thresholds(task, half):
    thresholds = [np.array([half, half])] * 3
    p = vote(P, thresholds, task)
    # Two of three say class 0 of the first row, class 1 of the second.
    np.testing.assert_array_equal(decide(p, majority(3, 2), task), [[True, False], [False, True]])
    strict = [np.array([half, half]), np.array([0.7, 0.3]), np.array([half, half])]
    p = vote(P, strict, task)
    # 0.6 / 0.7 is less than 0.4 / 0.3, and 0.6 is under 0.7: the second member changes its mind.
    assert decide(p, majority(3, 2), task)[0].tolist() == [False, True]


@pytest.mark.parametrize("members", range(2, 8))
def test_half_of_the_votes_is_no_majority_whatever_the_mean_and_one_more_is(members):
    sure, never = np.array([[1.0]]), [np.array([1.0])] * members
    for votes, others, passes in ((members // 2, 0.999, False), (members // 2 + 1, 0.0, True)):
        parts = [sure] * votes + [np.array([[others]])] * (members - votes)
        decided = decide(vote(parts, never, "multilabel"), majority(members, 1), "multilabel")
        assert decided.all() == passes


def test_greedy_selection_takes_what_complements_and_leaves_what_harms():
    target = np.random.default_rng(0).random((200, 1))
    error = np.random.default_rng(1).normal(size=(200, 1))
    parts = [target + error, target - error, target + 3 * error + 1]
    taken = select(parts, lambda p: -float(((p - target) ** 2).mean()))
    assert taken == [1, 1, 0]


def test_greedy_selection_stands_a_worth_that_cannot_be_told():
    assert sum(select([np.zeros((2, 1))] * 2, lambda p: float("nan"))) == 1
