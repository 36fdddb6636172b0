"""Patient-wise folds: whole patients, every class spread, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_utils.splits import balanced_folds

# N S V F of the 22 records of MIT-BIH's DS1, counted from their annotations.
DS1 = {
    "101": (1860, 3, 0, 0), "106": (1507, 0, 520, 0), "108": (1740, 4, 17, 2), "109": (2492, 0, 38, 2),
    "112": (2537, 2, 0, 0), "114": (1820, 12, 43, 4), "115": (1953, 0, 0, 0), "116": (2302, 1, 109, 0),
    "118": (2166, 96, 16, 0), "119": (1543, 0, 444, 0), "122": (2476, 0, 0, 0), "124": (1536, 31, 47, 5),
    "201": (1635, 128, 198, 2), "203": (2529, 2, 444, 1), "205": (2571, 3, 71, 11),
    "207": (1543, 107, 210, 0),
    "208": (1586, 2, 992, 373), "209": (2621, 383, 1, 0), "215": (3195, 3, 164, 1), "220": (1954, 94, 0, 0),
    "223": (2045, 73, 473, 14), "230": (2255, 0, 1, 0),
}  # fmt: skip


def _ds1() -> dict[str, np.ndarray]:
    return {record: np.array(counts) for record, counts in DS1.items()}


def test_four_like_patients_are_dealt_one_to_a_fold() -> None:
    folds = balanced_folds({name: np.array([10, 1]) for name in "abcd"}, 4)
    assert sorted(folds.values()) == [0, 1, 2, 3]


def test_a_rare_class_held_by_two_patients_is_in_both_folds() -> None:
    counts = {"a": [100, 5], "b": [100, 5], "c": [100, 0], "d": [100, 0]}
    folds = balanced_folds({name: np.array(count) for name, count in counts.items()}, 2)
    assert folds["a"] != folds["b"] and folds["c"] != folds["d"]


def test_the_order_of_the_patients_does_not_matter() -> None:
    assert balanced_folds(_ds1(), 6) == balanced_folds(dict(reversed(_ds1().items())), 6)


@given(seed=st.integers(0, 2**32 - 1), patients=st.integers(6, 12))
@settings(max_examples=50, deadline=None)
def test_no_fold_is_empty_however_few_patients_hold_most(seed: int, patients: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, size=(patients, 4)) * rng.geometric(10 ** -rng.uniform(0, 3.5, (patients, 4)))
    folds = balanced_folds({f"p{k}": each for k, each in enumerate(counts)}, 6)
    assert set(folds.values()) == set(range(6))


@pytest.mark.parametrize("merged", [2, 3, 4, 5])
def test_n_s_and_v_can_be_ranked_in_every_merged_fold_of_ds1(merged: int) -> None:
    """50 positives in 3 patients, which is what a class needs to count in an objective."""
    folds = balanced_folds(_ds1(), 6)
    assert sorted(folds) == sorted(DS1)
    for fold in range(merged):
        held = np.array([DS1[patient] for patient in folds if folds[patient] % merged == fold])
        assert (held.sum(axis=0)[:3] >= 50).all()
        assert ((held > 0).sum(axis=0)[:3] >= 3).all()


@pytest.mark.parametrize("folds", [0, 1, 3])
def test_refuses_folds_that_do_not_fit(folds: int) -> None:
    with pytest.raises(ValueError, match="do not fit 2 patients"):
        balanced_folds({"a": np.array([1]), "b": np.array([1])}, folds)
