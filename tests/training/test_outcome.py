"""What a run comes to, under both tasks, against its parts computed one by one."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from training.decision import decide, probabilities
from training.outcome import conclude
from training.predictions import Predictions
from training.temperature import fit_temperature
from training.thresholds import cross_fitted_decisions, fit_thresholds

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
    tuned = f1_scores(rows.target, cross_fitted_decisions(rows.target, p, rows.group, task))
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
