"""Windows to recordings by hand."""

import numpy as np
import pytest

from training.records import gather_units

UNIT = np.array([7, 7, 3, 7, 3])
GROUPS = np.array(["b", "b", "a", "b", "a"])
P = np.array([[0.2, 0.9], [0.5, 0.1], [0.3, 0.3], [0.8, 0.2], [0.1, 0.5]])
TARGETS = np.array([[1, 0], [0, 255], [0, 0], [1, 0], [0, 255]], "uint8")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mean", [[0.2, 0.4], [0.5, 0.4]]),
        ("max", [[0.3, 0.5], [0.8, 0.9]]),
        # 1 - 0.7 * 0.9, 1 - 0.7 * 0.5; 1 - 0.8 * 0.5 * 0.2, 1 - 0.1 * 0.9 * 0.8.
        ("noisy_or", [[0.37, 0.65], [0.92, 0.928]]),
    ],
)
def test_the_answer_of_a_recording(rule, expected):
    units = gather_units(UNIT, TARGETS, P, GROUPS, "multilabel", rule)

    assert units.p == pytest.approx(np.array(expected))
    assert units.groups.tolist() == ["a", "b"]


def test_a_class_is_there_in_any_window_else_unknown_if_unknown_in_any():
    units = gather_units(UNIT, TARGETS, P, GROUPS, "multilabel", "mean")

    assert units.targets.tolist() == [[0, 255], [1, 255]]


def test_sure_windows_stay_finite():
    units = gather_units(
        np.zeros(2), np.ones((2, 1), "uint8"), np.ones((2, 1)), np.zeros(2), "multilabel", "noisy_or"
    )

    assert units.p == pytest.approx(np.ones((1, 1)))


def test_rows_that_are_recordings_already_have_no_other_answer():
    assert gather_units(np.arange(5), TARGETS, P, GROUPS, "multilabel", "mean") is None


def test_windows_that_disagree_in_their_one_class_have_no_answer_together():
    one_hot = np.eye(2, dtype="uint8")[[0, 1, 0, 0, 0]]

    assert gather_units(UNIT, one_hot, P, GROUPS, "multiclass", "mean") is None
    same = np.eye(2, dtype="uint8")[[1, 1, 0, 1, 0]]
    assert gather_units(UNIT, same, P, GROUPS, "multiclass", "mean").targets.tolist() == [[1, 0], [0, 1]]


def test_a_window_that_nobody_labelled_does_not_hide_the_one_class_of_its_recording():
    targets = np.array([[1, 0], [255, 255], [255, 255], [255, 255]], np.uint8)
    unit = np.array([0, 0, 1, 1])
    found = gather_units(unit, targets, np.full((4, 2), 0.5), unit, "multiclass", "mean")

    assert found.targets.tolist() == [[1, 0], [255, 255]]
