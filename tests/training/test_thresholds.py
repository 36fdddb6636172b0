"""Thresholds are the best points of the curve, and cross-fitting never judges a patient by thresholds fitted
on that patient."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import (
    f1_score,
    fbeta_score,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_curve,
)

from training.criteria import Criterion
from training.decision import decide, neutral_thresholds
from training.thresholds import best_threshold, deal_patients, decide_others, fit_thresholds


def rare_classes(seed=0, size=3000):
    """One-hot targets at 90, 6, 3, 1 %, and probabilities that lean to the frequent class."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, size, p=[0.9, 0.06, 0.03, 0.01])
    z = rng.normal(0, 1, (size, 4)) + 2.0 * np.eye(4)[truth] + np.log([0.9, 0.06, 0.03, 0.01])
    return np.eye(4, dtype="uint8")[truth], np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def cross_fitted_decisions(targets, p, groups, task):
    part = deal_patients(targets, groups)
    return None if part is None else decide_others(targets, p, part, task)


def macro(targets, decisions, classes=range(4)):
    return np.mean([f1_score(targets[:, k], decisions[:, k], zero_division=0) for k in classes])


def test_one_class_is_the_best_point_of_scikit_learns_curve():
    targets, p = rare_classes()
    precision, recall, points = precision_recall_curve(targets[:, 1], p[:, 1])
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)

    assert best_threshold(targets[:, 1] == 1, p[:, 1]) == pytest.approx(points[np.argmax(f1[:-1])])


def test_a_class_without_positives_keeps_one_half():
    assert best_threshold(np.zeros(3, bool), np.array([0.1, 0.2, 0.3])) == 0.5


def test_f1_optimal_threshold_of_calibrated_probabilities_is_half_the_best_f1():
    # Lipton et al. 2014, "Thresholding classifiers to maximize F1 score".
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 5, 200_000)
    positive = rng.random(200_000) < p
    threshold = best_threshold(positive, p)

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

    assert thresholds[0] == best_threshold(targets[:, 0] == 1, p[:, 0])
    assert thresholds[2] == best_threshold(targets.ravel() == 1, p.ravel())


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


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_fbeta_is_the_best_of_scikit_learns_at_any_point(beta):
    targets, p = rare_classes()
    positive = targets[:, 1] == 1
    threshold = best_threshold(positive, p[:, 1], Criterion("fbeta", beta=beta))

    precision, recall, _ = precision_recall_curve(positive, p[:, 1])
    scores = (1 + beta**2) * precision * recall / np.maximum(beta**2 * precision + recall, 1e-12)
    assert fbeta_score(positive, p[:, 1] >= threshold, beta=beta) == pytest.approx(scores.max())


def test_youden_is_where_scikit_learns_roc_curve_is_farthest_from_chance():
    targets, p = rare_classes()
    positive = targets[:, 1] == 1
    threshold = best_threshold(positive, p[:, 1], Criterion("youden"))

    fpr, tpr, points = roc_curve(positive, p[:, 1], drop_intermediate=False)
    assert threshold == pytest.approx(points[np.argmax(tpr - fpr)])


def test_a_floor_of_recall_is_kept_at_the_best_f1_above_it():
    targets, p = rare_classes()
    positive = targets[:, 1] == 1
    decided = p[:, 1] >= best_threshold(positive, p[:, 1], Criterion("recall_floor", floor=0.9))

    precision, recall, _ = precision_recall_curve(positive, p[:, 1])
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    assert recall_score(positive, decided) >= 0.9
    assert f1_score(positive, decided) == pytest.approx(f1[recall >= 0.9].max())


def test_a_floor_of_precision_is_kept_at_the_best_recall_above_it():
    targets, p = rare_classes()
    positive = targets[:, 1] == 1
    decided = p[:, 1] >= best_threshold(positive, p[:, 1], Criterion("precision_floor", floor=0.7))

    precision, recall, _ = precision_recall_curve(positive, p[:, 1])
    assert precision_score(positive, decided) >= 0.7
    assert recall_score(positive, decided) == pytest.approx(recall[precision >= 0.7].max())


def test_a_floor_that_no_threshold_reaches_takes_the_nearest():
    positive = np.array([False, True, False, False])
    floor = Criterion("precision_floor", floor=0.9)

    assert (
        best_threshold(positive, np.array([0.9, 0.8, 0.7, 0.6]), floor) == 0.8
    )  # one half is the most there is


@pytest.mark.parametrize(
    ("criterion", "measure"),
    [
        (Criterion("fbeta", beta=2.0), lambda y, d: fbeta_score(y, d, beta=2.0, zero_division=0)),
        (Criterion("youden"), lambda y, d: d[y].mean() - d[~y].mean()),
    ],
)
def test_multiclass_thresholds_raise_the_mean_of_the_criterion(criterion, measure):
    targets, p = rare_classes()

    def mean(decisions):
        return np.mean([measure(targets[:, k] == 1, decisions[:, k]) for k in range(4)])

    thresholds = fit_thresholds(targets, p, "multiclass", criterion)
    fitted = mean(decide(p, thresholds, "multiclass"))

    assert fitted > mean(decide(p, neutral_thresholds(4), "multiclass")) + 0.02
    for k, factor in itertools.product(range(4), (0.3, 0.97, 1.03, 3.0)):
        moved = thresholds * np.where(np.arange(4) == k, factor, 1.0)
        assert mean(decide(p, moved, "multiclass")) <= fitted + 1e-12


def test_a_multiclass_floor_of_recall_is_reached_where_it_can_be():
    targets, p = rare_classes()

    def least(thresholds):
        decisions = decide(p, thresholds, "multiclass")
        return min(recall_score(targets[:, k], decisions[:, k]) for k in range(4))

    assert least(fit_thresholds(targets, p, "multiclass", Criterion("recall_floor", floor=0.6))) >= 0.6
    assert least(fit_thresholds(targets, p, "multiclass")) < 0.6


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
