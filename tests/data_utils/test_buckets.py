"""Batches of like length: every row once, little padding, the same by seed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_utils.buckets import POOL, by_length, in_order_of_length, padded_length

LENGTHS = st.lists(st.integers(1, 60_000), min_size=1, max_size=300).map(np.array)


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 40), st.integers(0, 9))
def test_every_draw_is_there_once_and_the_seed_decides(lengths: np.ndarray, size: int, seed: int) -> None:
    order, again = (by_length(lengths, size, np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(np.sort(order), np.arange(len(lengths)))
    assert np.array_equal(order, again)


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 40))
def test_within_a_pool_no_two_batches_overlap_in_length(lengths: np.ndarray, size: int) -> None:
    lengths = lengths[: POOL * size]
    order = by_length(lengths, size, np.random.default_rng(0))
    batches = order[: len(order) // size * size].reshape(-1, size)
    spans = sorted((lengths[batch].min(), lengths[batch].max()) for batch in batches)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_padding_is_a_tenth_where_shuffled_batches_have_half() -> None:
    # Recordings of 10 to 60 s at 500 Hz, as CPSC 2018 has them, skewed to the short ones.
    rng = np.random.default_rng(0)
    lengths = (500 * (10 + 50 * rng.beta(1, 4, 6000))).astype(int)

    def padding(order: np.ndarray) -> float:
        batches = lengths[order[: len(order) // 32 * 32]].reshape(-1, 32)
        return 1 - batches.sum() / (32 * sum(padded_length(batch.max()) for batch in batches))

    assert padding(by_length(lengths, 32, rng)) < 0.1
    assert padding(rng.permutation(len(lengths))) > 0.45


@pytest.mark.parametrize(
    ("longest", "padded"), [(1, 1), (4096, 4096), (4097, 4467), (4467, 4467), (4468, 4871)]
)
def test_padded_lengths_come_in_eighths_of_an_octave(longest: int, padded: int) -> None:
    # 4096 * 2^(1/8) = 4466.8, 4096 * 2^(2/8) = 4871.0.
    assert padded_length(longest) == padded


@given(st.integers(1, 10**7))
def test_a_padded_length_holds_its_row_and_no_more_than_a_tenth_beside(longest: int) -> None:
    padded = padded_length(longest)
    assert longest <= padded <= longest * 2 ** (1 / 8) + 1
    assert padded_length(padded) == padded


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 64), st.integers(1, 10**6))
def test_a_prediction_goes_through_every_row_once_within_its_memory(
    lengths: np.ndarray, most_rows: int, most_samples: int
) -> None:
    batches = in_order_of_length(lengths, most_rows, most_samples)
    assert np.array_equal(np.sort(np.concatenate(batches)), np.arange(len(lengths)))
    for batch in batches:
        assert len(batch) <= most_rows
        assert len(batch) == 1 or len(batch) * padded_length(lengths[batch].max()) <= most_samples
