"""Thresholds maximise F1, and cross-fitting never judges a patient by thresholds fitted on that patient."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_curve

from training.decision import decide, neutral_thresholds
from training.thresholds import best_f1_threshold, cross_fitted_decisions, fit_thresholds


def rare_classes(seed=0, size=3000):
    """One-hot targets at 90, 6, 3, 1 %, and probabilities that lean to the frequent class."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, size, p=[0.9, 0.06, 0.03, 0.01])
    z = rng.normal(0, 1, (size, 4)) + 2.0 * np.eye(4)[truth] + np.log([0.9, 0.06, 0.03, 0.01])
    return np.eye(4, dtype="uint8")[truth], np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def macro(targets, decisions, classes=range(4)):
    return np.mean([f1_score(targets[:, k], decisions[:, k], zero_division=0) for k in classes])


def test_one_class_is_the_best_point_of_scikit_learns_curve():
    targets, p = rare_classes()
    precision, recall, points = precision_recall_curve(targets[:, 1], p[:, 1])
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)

    assert best_f1_threshold(targets[:, 1] == 1, p[:, 1]) == pytest.approx(points[np.argmax(f1[:-1])])


def test_a_class_without_positives_keeps_one_half():
    assert best_f1_threshold(np.zeros(3, bool), np.array([0.1, 0.2, 0.3])) == 0.5


def test_f1_optimal_threshold_of_calibrated_probabilities_is_half_the_best_f1():
    # Lipton et al. 2014, "Thresholding classifiers to maximize F1 score".
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 5, 200_000)
    positive = rng.random(200_000) < p
    threshold = best_f1_threshold(positive, p)

    best = f1_score(positive, p >= threshold)

    assert threshold == pytest.approx(best / 2, abs=0.02)


def test_multiclass_thresholds_beat_the_argmax_and_no_single_change_improves_them():
    targets, p = rare_classes()
    thresholds = fit_thresholds(targets, p, "multiclass")
    fitted = macro(targets, decide(p, thresholds, "multiclass"))

    assert fitted > macro(targets, decide(p, neutral_thresholds(4), "multiclass")) + 0.02
    for k, factor in itertools.product(range(4), (0.3, 0.8, 0.97, 1.03, 1.25, 3.0)):
        moved = thresholds * np.where(np.arange(4) == k, factor, 1.0)
        assert macro(targets, decide(p, moved, "multiclass")) <= fitted + 1e-12


def test_the_largest_multiclass_threshold_reads_one_half():
    assert fit_thresholds(*rare_classes(), "multiclass").max() == pytest.approx(0.5)


def test_two_classes_by_hand():
    # Ten positives of p 0.3 among negatives of p 0.1: every cut between the two is perfect.
    p = np.repeat([0.3, 0.1], [10, 30])
    targets = np.repeat([[0, 1], [1, 0]], [10, 30], axis=0).astype("uint8")

    thresholds = fit_thresholds(targets, np.stack([1 - p, p], axis=1), "multiclass")

    decided = decide(np.stack([1 - p, p], axis=1), thresholds, "multiclass")
    assert (decided == targets).all()
    assert thresholds[1] < thresholds[0] == 0.5


def test_classes_with_nine_positives_are_not_fitted():
    targets = np.eye(4, dtype="uint8").repeat(9, axis=0)
    p = np.random.default_rng(0).dirichlet(np.ones(4), 36)

    assert fit_thresholds(targets, p, "multiclass").tolist() == [0.5] * 4


def test_multilabel_fits_each_class_and_pools_for_the_rarest():
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 5, (2000, 3))
    targets = (rng.random((2000, 3)) < p).astype("uint8")
    targets[np.flatnonzero(targets[:, 2])[5:], 2] = 0

    thresholds = fit_thresholds(targets, p, "multilabel")

    assert thresholds[0] == best_f1_threshold(targets[:, 0] == 1, p[:, 0])
    assert thresholds[2] == best_f1_threshold(targets.ravel() == 1, p.ravel())


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_unknown_rows_change_nothing(task):
    targets, p = rare_classes(size=500)
    unknown = np.full((50, 4), 255, "uint8")
    odd = np.random.default_rng(1).dirichlet(np.ones(4), 50)

    with_unknown = fit_thresholds(np.vstack([targets, unknown]), np.vstack([p, odd]), task)

    assert with_unknown == pytest.approx(fit_thresholds(targets, p, task))


def test_cross_fitting_fits_on_the_other_patients_alone():
    targets, p = rare_classes()
    groups = np.repeat(["a", "b", "c"], 1000)
    decisions = cross_fitted_decisions(targets, p, groups, "multiclass")

    for patient in "abc":
        inside = groups == patient
        thresholds = fit_thresholds(targets[~inside], p[~inside], "multiclass")
        assert (decisions[inside] == decide(p[inside], thresholds, "multiclass")).all()


def test_cross_fitting_needs_two_patients():
    assert cross_fitted_decisions(*rare_classes(size=50), np.repeat("a", 50), "multiclass") is None


def test_thresholds_on_chance_are_worth_less_on_other_patients_than_on_their_own():
    # Probabilities that know nothing: what fitting seems to gain is not there on other patients.
    rng = np.random.default_rng(0)
    targets, _ = rare_classes(size=600)
    p = rng.dirichlet(np.ones(4), 600)
    groups = np.arange(600) // 100

    own = macro(targets, decide(p, fit_thresholds(targets, p, "multiclass"), "multiclass"))
    other = macro(targets, cross_fitted_decisions(targets, p, groups, "multiclass"))

    assert other < own
