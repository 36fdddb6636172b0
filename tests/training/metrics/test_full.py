"""The full set of measures against scikit-learn, on random cases with ties, empty classes and one-class
columns."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from training.decision import decide
from training.metrics import full_measures
from training.metrics.per_class import Counts, class_measures, sensitivity_at

CLASSES = ("N", "S", "V", "F")


def case(seed, task, size=60):
    """Targets, probabilities with ties, decisions; F mostly has no positives, N no negatives."""
    rng = np.random.default_rng(seed)
    p = rng.integers(1, 9, (size, 4)) / 10
    if task == "multiclass":
        targets = np.eye(4, dtype="uint8")[rng.choice(4, size, p=[0.7, 0.2, 0.1, 0.0])]
    else:
        targets = (rng.random((size, 4)) < [1.0, 0.3, 0.1, 0.0]).astype("uint8")
        if seed % 2:
            targets[0] = 1 - targets[0]
    return targets, p, decide(p, rng.random(4) * 0.8 + 0.1, task)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), task=st.sampled_from(["multiclass", "multilabel"]))
def test_per_class_measures_are_scikit_learns(seed, task):
    targets, p, decisions = case(seed, task)
    measured = class_measures(targets, p, decisions)

    for k in range(4):
        truth, called = targets[:, k] == 1, decisions[:, k]
        expected = {
            "support": truth.sum(),
            "prevalence": truth.mean(),
            "sensitivity": peer.recall_score(truth, called, zero_division=np.nan),
            "specificity": peer.recall_score(~truth, ~called, zero_division=np.nan),
            "ppv": peer.precision_score(truth, called, zero_division=np.nan),
            "npv": peer.precision_score(~truth, ~called, zero_division=np.nan),
            "f1": peer.f1_score(truth, called, zero_division=np.nan),
            "f2": peer.fbeta_score(truth, called, beta=2, zero_division=np.nan),
            "mcc": _quiet(peer.matthews_corrcoef, truth, called),
            "brier": peer.brier_score_loss(truth, p[:, k]) if truth.any() else np.mean(p[:, k] ** 2),
        }
        if truth.any() and not truth.all():
            expected["auroc"] = peer.roc_auc_score(truth, p[:, k])
            expected["auprc"] = peer.average_precision_score(truth, p[:, k])
            fpr, tpr, _ = peer.roc_curve(truth, p[:, k], drop_intermediate=False)
            expected["sensitivity_at_95_specificity"] = tpr[fpr <= 0.05 + 1e-12].max()
        else:
            expected |= dict.fromkeys(("auroc", "auprc", "sensitivity_at_95_specificity"), np.nan)
        for name, value in expected.items():
            assert measured[name][k] == pytest.approx(value, nan_ok=True), (name, k)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), task=st.sampled_from(["multiclass", "multilabel"]))
def test_overall_measures_are_scikit_learns(seed, task):
    targets, p, decisions = case(seed, task)
    overall = full_measures(targets, p, decisions, CLASSES, task).overall
    there = [k for k in range(4) if targets[:, k].any()]

    def f(average, beta=1.0, labels=None):
        return peer.fbeta_score(
            targets, decisions, beta=beta, average=average, labels=labels, zero_division=0
        )

    assert overall["macro_f1"] == pytest.approx(f("macro", labels=there))
    assert overall["macro_f2"] == pytest.approx(f("macro", 2.0, labels=there))
    assert overall["weighted_f1"] == pytest.approx(f("weighted"))
    assert overall["micro_f1"] == pytest.approx(f("micro"))
    assert overall["hamming"] == pytest.approx(peer.hamming_loss(targets, decisions))
    assert overall["exact_match"] == pytest.approx(peer.accuracy_score(targets, decisions))
    assert overall["jaccard"] == pytest.approx(
        peer.jaccard_score(targets, decisions, average="samples", zero_division=1.0)
    )
    if task == "multiclass":
        true, decided = targets.argmax(axis=1), decisions.argmax(axis=1)
        assert overall["mcc"] == pytest.approx(_quiet(peer.matthews_corrcoef, true, decided))
        assert overall["kappa"] == pytest.approx(peer.cohen_kappa_score(true, decided))
        assert overall["macro_sensitivity"] == pytest.approx(
            _quiet(peer.balanced_accuracy_score, true, decided)
        )


def _quiet(measure, true, decided):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that are never true, or never decided
        return measure(true, decided)


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_unknown_rows_change_nothing(task):
    targets, p, decisions = case(3, task)
    unknown = np.full((7, 4), 255, "uint8")
    odd = np.random.default_rng(0).random((7, 4))

    with_unknown = full_measures(
        np.vstack([targets, unknown]), np.vstack([p, odd]), np.vstack([decisions, odd > 0.5]), CLASSES, task
    )

    assert with_unknown.flat() == pytest.approx(full_measures(targets, p, decisions, CLASSES, task).flat())


def test_a_side_of_which_nothing_is_known_has_no_measures_of_decisions():
    full = full_measures(
        np.full((3, 2), 255, "uint8"), np.ones((3, 2)), np.ones((3, 2), bool), "NS", "multilabel"
    )

    assert full.overall == {}
    assert full.classes["N"] == {"support": 0.0, "mcc": 0.0}


def test_f2_and_g2_of_the_challenge_by_hand():
    # Rows with two labels weigh a half. A: TP 1 + 1/2, FP 1, FN 0; B: TP 0, FP 0, FN 1/2.
    targets = np.array([[1, 0], [1, 1], [0, 0]], "uint8")
    decisions = np.array([[1, 0], [1, 0], [1, 0]], bool)

    overall = full_measures(targets, decisions * 1.0, decisions, "AB", "multilabel").overall

    assert overall["f2_cinc"] == pytest.approx((5 * 1.5 / (5 * 1.5 + 1) + 0) / 2)
    assert overall["g2_cinc"] == pytest.approx((1.5 / (1.5 + 1) + 0) / 2)


def test_g_at_1_is_the_jaccard_index():
    targets, _, decisions = case(1, "multilabel")

    expected = peer.jaccard_score(targets, decisions, average=None, zero_division=0)
    assert np.nan_to_num(Counts.of(targets, decisions).g(1.0)) == pytest.approx(expected)


def test_sensitivity_at_95_specificity_by_hand():
    # One of 20 negatives may lie above: the second highest, 0.8, bounds the threshold; 0.8 itself is too low.
    score = np.array([0.95, 0.85, 0.8, 0.1, 0.9, 0.8, *np.linspace(0.1, 0.5, 18)])
    truth = np.array([True] * 4 + [False] * 20)

    assert sensitivity_at(truth, score) == 2 / 4


def test_the_expected_calibration_error_of_sure_and_right_is_0():
    truth = np.array([True, False, True, False])
    measured = class_measures(truth[:, None].astype("uint8"), truth[:, None] * 1.0, truth[:, None])

    assert measured["calibration_error"][0] == measured["brier"][0] == 0


def test_a_class_that_is_true_of_all_rows_has_no_curve_and_drags_no_mean_down():
    # Sinus rhythm in every patient; the other class is found without a mistake.
    targets = np.array([[1, 1], [1, 0], [1, 1], [1, 0]], np.uint8)
    p = np.array([[0.9, 0.9], [0.8, 0.1], [0.9, 0.8], [0.9, 0.2]])
    overall = full_measures(targets, p, p >= 0.5, ("SR", "AF"), "multilabel").overall

    for name in ("specificity", "auroc", "auprc"):
        assert overall[f"macro_{name}"] == 1.0
    assert overall["kappa"] == 1.0
    # What is never called has a precision of 0, as in scikit-learn.
    never = full_measures(targets, p, p >= [0.5, 0.95], ("SR", "AF"), "multilabel").overall
    assert never["macro_ppv"] == 0.5
