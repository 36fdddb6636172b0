"""Grouped and stratified folds: patients whole, labels everywhere, shares alike, the same every time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold

from data_utils.errors import BadInput
from data_utils.layout import UNKNOWN
from data_utils.splits import grouped_folds, grouped_split

seeds = st.integers(0, 2**32 - 1)


def drawn(rng: np.random.Generator, rows: int, labels: int, patients: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets (N, K) whose labels are from 0.3% to 40% frequent, as in ECG tables, and patients (N,)."""
    shares = np.exp(rng.uniform(np.log(0.003), np.log(0.4), labels))
    groups = np.concatenate([np.arange(patients), rng.integers(0, patients, rows - patients)])
    usual = rng.random((patients, labels)) < shares
    target = np.where(rng.random((rows, labels)) < 0.8, usual[groups], rng.random((rows, labels)) < shares)
    return target.astype(np.uint8), np.array([f"p{group:05d}" for group in groups])


def distribution_error(target: np.ndarray, fold: np.ndarray) -> float:
    """Label distribution of Sechidis, Tsoumakas and Vlahavas 2011: mean difference of a label's odds."""
    odds = [_odds(target[fold == number]) for number in np.unique(fold)]
    return float(np.abs(np.array(odds) - _odds(target)).mean())


def _odds(target: np.ndarray) -> np.ndarray:
    positive = target.sum(axis=0)
    return positive / np.maximum(len(target) - positive, 1e-9)


def missing(has: np.ndarray, fold: np.ndarray, folds: int) -> int:
    """Labels that a fold has no patient with, counted over all folds and merged folds."""
    merges = {*range(2, min(folds, 6) + 1), folds}
    return sum(int((~has[fold % k == side].any(axis=0)).sum()) for k in merges for side in range(k))


@given(seed=seeds, patients=st.integers(2, 40), labels=st.integers(1, 6), folds=st.integers(2, 8))
@settings(max_examples=25, deadline=None)
def test_no_patient_is_in_two_folds_and_no_fold_is_empty(
    seed: int, patients: int, labels: int, folds: int
) -> None:
    target, groups = drawn(np.random.default_rng(seed), patients * 3, labels, patients)
    folds = min(folds, patients)
    fold = grouped_folds(target, groups, folds)
    assert sorted(set(fold.tolist())) == list(range(folds))
    assert all(len(set(fold[groups == patient].tolist())) == 1 for patient in set(groups.tolist()))


@given(seed=seeds, patients=st.integers(3, 7), labels=st.integers(1, 3), folds=st.integers(2, 3))
@settings(max_examples=40, deadline=None)
def test_every_label_is_in_every_fold_where_patients_allow_it(
    seed: int, patients: int, labels: int, folds: int
) -> None:
    """All ways of dealing a few patients are tried: none leaves fewer gaps."""
    has = np.random.default_rng(seed).random((patients, labels)) < 0.4
    fewest = min(
        missing(has, np.array(each), folds)
        for each in product(range(folds), repeat=patients)
        if len(set(each)) == folds
    )
    fold = grouped_folds(has.astype(np.uint8), np.arange(patients), folds)
    assert missing(has, fold, folds) == fewest


@given(seed=seeds, folds=st.integers(2, 6), extra=st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_a_label_of_as_many_patients_as_folds_is_in_every_fold(seed: int, folds: int, extra: int) -> None:
    """A patient with one label, or none, stands in no other label's way."""
    rng = np.random.default_rng(seed)
    label = np.concatenate([np.repeat(np.arange(3), folds), rng.integers(0, 4, extra)])
    has = np.eye(4, dtype=np.uint8)[label][:, :3]
    fold = grouped_folds(has, rng.permutation(len(label)), folds)
    assert all(has[fold == number].any(axis=0).all() for number in range(folds))


@given(
    seed=seeds,
    size=st.sampled_from([(120, 3, 3), (300, 6, 5), (600, 10, 10), (800, 20, 5)]),
)
@settings(max_examples=12, deadline=None)
def test_label_shares_are_as_even_as_those_of_iterative_stratification(
    seed: int, size: tuple[int, int, int]
) -> None:
    """One row a patient, where both apply; at most 1.2 times the peer's error, or one row in one fold."""
    rows, labels, folds = size
    target, groups = drawn(np.random.default_rng(seed), rows, labels, rows)
    target = target[:, target.sum(axis=0) >= folds]
    if target.shape[1] < 2:
        return
    peer = np.zeros(rows, int)
    splitter = MultilabelStratifiedKFold(folds, shuffle=True, random_state=0)
    for number, (_, chosen) in enumerate(splitter.split(target, target)):
        peer[chosen] = number
    one_row = 2 / (rows / folds) / folds / target.shape[1]
    ours = distribution_error(target, grouped_folds(target, groups, folds))
    assert ours <= 1.2 * distribution_error(target, peer) + one_row


@given(seed=seeds, patients=st.integers(4, 40))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_rows_does_not_matter(seed: int, patients: int) -> None:
    rng = np.random.default_rng(seed)
    target, groups = drawn(rng, patients * 2, 4, patients)
    order = rng.permutation(len(groups))
    for deal in (lambda target, groups: grouped_folds(target, groups, 3), grouped_split):
        assert np.array_equal(deal(target[order], groups[order]), deal(target, groups)[order])


def test_the_same_seed_gives_the_same_folds_and_another_one_others() -> None:
    target, groups = drawn(np.random.default_rng(0), 300, 5, 100)
    first = grouped_folds(target, groups, 5, seed=1)
    assert np.array_equal(first, grouped_folds(target, groups, 5, seed=1))
    assert not np.array_equal(first, grouped_folds(target, groups, 5, seed=2))


def test_folds_can_be_merged_and_keep_a_label_of_three_patients_on_both_sides() -> None:
    has = np.zeros((30, 1), np.uint8)
    has[:3] = 1
    fold = grouped_folds(has, np.arange(30), 6)
    assert has[fold % 2 == 0].any() and has[fold % 2 == 1].any()
    assert all(has[fold % 3 == side].any() for side in range(3))


def test_unknown_labels_count_for_nothing() -> None:
    target, groups = drawn(np.random.default_rng(0), 60, 3, 30)
    unknown = np.where(target == 0, UNKNOWN, target).astype(np.uint8)
    assert np.array_equal(grouped_folds(unknown, groups, 3), grouped_folds(target, groups, 3))


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_sides_have_their_shares_and_every_label(seed: int) -> None:
    target, groups = drawn(np.random.default_rng(seed), 900, 6, 400)
    side = grouped_split(target, groups, (0.6, 0.2, 0.2))
    assert np.bincount(side) / 900 == pytest.approx([0.6, 0.2, 0.2], abs=0.01)
    frequent = [k for k in range(6) if len(set(groups[target[:, k] == 1])) >= 15]
    assert all(target[side == number][:, frequent].any(axis=0).all() for number in range(3))
    assert all(len(set(side[groups == patient].tolist())) == 1 for patient in groups[:50])


def test_a_label_of_one_patient_trains() -> None:
    has = np.zeros((40, 1), np.uint8)
    has[7] = 1
    assert grouped_split(has, np.arange(40))[7] == 0


@pytest.mark.slow
def test_twenty_thousand_patients_of_27_labels_are_as_even_as_the_peer_makes_them() -> None:
    target, groups = drawn(np.random.default_rng(1), 20000, 27, 20000)
    peer = np.zeros(20000, int)
    for number, (_, chosen) in enumerate(MultilabelStratifiedKFold(10).split(target, target)):
        peer[chosen] = number
    ours = distribution_error(target, grouped_folds(target, groups, 10))
    assert ours <= 1.2 * distribution_error(target, peer)


@pytest.mark.parametrize("folds", [0, 1, 4])
def test_refuses_folds_that_do_not_fit(folds: int) -> None:
    with pytest.raises(BadInput, match="do not fit 3 patients: choose 2 to 3"):
        grouped_folds(np.ones((3, 1), np.uint8), np.arange(3), folds)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.7, 0.3, 0.0), (0.7, 0.2, 0.2)])
def test_refuses_shares_that_are_none(shares: tuple) -> None:
    with pytest.raises(BadInput, match="must be 3 positive numbers with the sum 1"):
        grouped_split(np.ones((9, 1), np.uint8), np.arange(9), shares)


def test_refuses_fewer_patients_than_sides() -> None:
    with pytest.raises(BadInput, match="2 patients cannot be on 3 sides"):
        grouped_split(np.ones((9, 1), np.uint8), np.repeat([0, 1], [4, 5]))
