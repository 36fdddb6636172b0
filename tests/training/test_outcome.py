"""What a run comes to, under both tasks, against its parts computed one by one."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from training.decision import decide, probabilities
from training.metric_names import PATTERNS
from training.metrics import full_measures
from training.outcome import DEFAULTS as OUTCOME
from training.outcome import conclude
from training.predictions import Predictions
from training.rule import DEFAULTS, cross_fitted, fit_rule
from training.temperature import fit_temperature
from training.thresholds import fit_thresholds

CLASSES = ("N", "S", "V")
MEMBERS = [SimpleNamespace(metrics={"loss": loss}, epoch_best=epoch) for loss, epoch in ((0.2, 3), (0.4, 6))]


def predictions(task, patients=6, each=200):
    rng = np.random.default_rng(0)
    n = patients * each
    if task == "multiclass":
        target = np.eye(3, dtype="uint8")[rng.choice(3, n, p=[0.8, 0.05, 0.15])]
    else:
        target = (rng.random((n, 3)) < [0.8, 0.05, 0.15]).astype("uint8")
        target[:40, 1] = 255
    logits = rng.normal(0, 1, (n, 3)) + 2 * (target == 1) + [1, -2, -1]
    groups = np.repeat([f"p{g}" for g in range(patients)], each)
    return Predictions(np.arange(n), groups, target, logits.astype("float32"), np.zeros(n), "", CLASSES)


@pytest.mark.parametrize(("task", "link"), [("multiclass", "softmax"), ("multilabel", "sigmoid")])
def test_thresholds_are_fitted_on_all_rows_and_judged_on_other_patients(task, link):
    rows = predictions(task)
    outcome = conclude(rows, MEMBERS, ["S", "V"], link, task)

    p = probabilities(rows.logits, link, fit_temperature(rows.target, rows.logits, link))
    thresholds = fit_thresholds(rows.target, p, task)
    assert outcome.probabilities == pytest.approx(p)
    assert outcome.thresholds == pytest.approx(thresholds)
    assert outcome.summary["val/threshold/S"] == pytest.approx(thresholds[1])
    own = f1_scores(rows.target, decide(p, thresholds, task))
    _, others = cross_fitted(
        rows.target,
        rows.logits,
        rows.group,
        link,
        task,
        lambda y, z: fit_rule(y, z, link, task, DEFAULTS),
    )
    tuned = f1_scores(rows.target, others)
    for name, value in zip(CLASSES, tuned, strict=True):
        assert outcome.metrics[f"f1_tuned/{name}"] == pytest.approx(value)
    assert outcome.metrics["macro_f1_tuned"] == pytest.approx(np.mean(tuned[1:]))
    assert outcome.metrics["macro_f1"] < outcome.metrics["macro_f1_tuned"] <= np.mean(own[1:])


def f1_scores(targets, decisions):
    """scikit-learn's, over the rows that are known."""
    known = targets != 255
    return [f1_score(targets[known[:, k], k], decisions[known[:, k], k]) for k in range(len(CLASSES))]


def test_the_temperature_calibrates_and_leaves_what_is_measured_in_the_epochs():
    sure = predictions("multilabel")
    surer = replace(sure, logits=5 * sure.logits)
    once, five_times = (conclude(one, MEMBERS, ["S"], "sigmoid", "multilabel") for one in (sure, surer))

    # The logits are those of calibrated probabilities times an unknown number, which drops out.
    assert five_times.temperature == pytest.approx(5 * once.temperature, rel=1e-3)
    assert five_times.probabilities == pytest.approx(once.probabilities, abs=1e-4)
    for name in ("calibration_error/S", "threshold/S", "f1_tuned/S", "f1/S", "auprc/S"):
        assert five_times.metrics[name] == pytest.approx(once.metrics[name], abs=1e-3)


def test_the_loss_and_the_best_epoch_are_means_over_the_members():
    outcome = conclude(predictions("multiclass"), MEMBERS, ["S"], "softmax", "multiclass")

    assert outcome.metrics["loss"] == pytest.approx(0.3)
    assert outcome.summary["epoch_best"] == 4.5


def test_with_one_patient_no_tuned_f1_is_claimed():
    outcome = conclude(predictions("multiclass", 1), MEMBERS, ["S"], "softmax", "multiclass")

    assert not [name for name in outcome.summary if "f1_tuned" in name]
    assert (outcome.decisions == np.eye(3)[outcome.probabilities.argmax(axis=1)]).all()
    assert "val/threshold/S" in outcome.summary


def test_the_full_set_is_of_the_cross_fitted_decisions_and_in_the_summary():
    rows = predictions("multiclass")
    outcome = conclude(rows, MEMBERS, ["S", "V"], "softmax", "multiclass")

    expected = full_measures(rows.target, outcome.probabilities, outcome.decisions, CLASSES, "multiclass")
    for name in ("f2/S", "specificity/V", "auprc/S", "kappa", "jk_index", "macro_ppv"):
        assert outcome.summary[f"final/{name}"] == pytest.approx(expected.flat()[name])
    assert outcome.summary["final/f1/V"] == outcome.metrics["f1_tuned/V"]
    assert outcome.summary["final/calibration_error/S"] == outcome.metrics["calibration_error/S"]
    assert outcome.full.aami.keys() == {"S", "V"}


def test_every_name_of_the_summary_is_one_that_runs_are_said_to_log():
    rows = replace(predictions("multilabel"), recording=np.arange(1200) // 4)
    summary = conclude(rows, MEMBERS, ["S"], "sigmoid", "multilabel").summary

    for name in summary:
        pattern = "/".join("{class}" if part in CLASSES else part for part in name.split("/"))
        assert pattern in PATTERNS


def test_windows_are_answered_by_recording_and_patient_too():
    rows = replace(predictions("multilabel", patients=30, each=40), recording=np.arange(1200) // 4)
    outcome = conclude(rows, MEMBERS, ["S"], "sigmoid", "multilabel")

    expected = (rows.target.reshape(300, 4, 3) == 1).any(axis=1)
    assert outcome.summary["record/support/V"] == expected[:, 2].sum()
    assert (
        outcome.summary["patient/support/V"] == (rows.target.reshape(30, 40, 3) == 1).any(axis=1)[:, 2].sum()
    )
    assert (outcome.record_thresholds > 0).all()
    assert outcome.summary["record/auroc/V"] > 0.5


def test_beats_have_no_answer_of_their_recording():
    outcome = conclude(predictions("multilabel"), MEMBERS, ["S"], "sigmoid", "multilabel")

    assert outcome.record_thresholds is None
    assert not [name for name in outcome.summary if name.startswith(("record/", "patient/"))]


def test_the_correction_takes_the_mean_of_the_members_shifts():
    rows = predictions("multilabel")
    shifts = [np.array([1.0, 0.0, 2.0]), np.array([0.0, 0.0, 4.0])]
    members = [
        SimpleNamespace(**vars(one), prior_shift=shift) for one, shift in zip(MEMBERS, shifts, strict=True)
    ]
    hp = {**OUTCOME, "prior_correction": True, "calibration": "none"}

    outcome = conclude(rows, members, ["S"], "sigmoid", "multilabel", hp)

    assert outcome.probabilities == pytest.approx(
        probabilities(rows.logits + np.array([0.5, 0.0, 3.0]), "sigmoid")
    )
