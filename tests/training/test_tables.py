"""The tables at a run's end, by hand."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from training.curves import curve_points
from training.decision import decide
from training.predictions import Predictions
from training.tables import confusion


def predictions_of(target):
    n = len(target)
    names = ("N", "V")
    return Predictions(
        np.arange(n), np.array(["a"] * n), np.array(target, "uint8"), np.zeros((n, 2)), np.zeros(n), "", names
    )


def test_confusion_of_one_true_class_leaves_out_unknown_rows():
    target = [[1, 0], [1, 0], [0, 1], [255, 255]]
    p = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.5, 0.5]]

    # V needs a quarter of N: 0.8 / 0.4 = 2 = 0.2 / 0.1, which goes to the first; 0.3 / 0.1 = 3 to V.
    decisions = decide(np.array(p), np.array([0.4, 0.1]), "multiclass")
    rows = confusion(predictions_of(target), decisions, "multiclass")

    assert rows == [["N", "N", 2], ["N", "V", 0], ["V", "N", 0], ["V", "V", 1]]


def test_confusion_of_many_labels_is_each_class_against_not_itself():
    decisions = np.array([[True, True], [False, True]])
    rows = confusion(predictions_of([[1, 0], [1, 255]]), decisions, "multilabel")

    assert rows[:4] == [["N", "N", 1], ["N", "not N", 1], ["not N", "N", 0], ["not N", "not N", 0]]
    assert sum(row[2] for row in rows[4:]) == 1


def test_a_thinned_curve_lies_on_the_whole_one_and_keeps_its_ends():
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.02
    p = rng.normal(size=20_000) + 2 * truth

    recall, precision, fpr = curve_points(truth, p)

    every_precision, every_recall, _ = precision_recall_curve(truth, p)
    points = zip(every_recall.round(5).tolist(), every_precision.round(5).tolist(), strict=True)
    whole = set(points)
    assert len(recall) <= 200
    assert set(zip(recall.tolist(), precision.tolist(), strict=True)) <= whole
    assert recall[-1] == fpr[-1] == 1
    assert np.diff(recall) == pytest.approx(np.maximum(np.diff(recall), 0))
