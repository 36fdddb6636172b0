"""What a run comes to, under both tasks, against its parts computed one by one."""

from types import SimpleNamespace

import numpy as np
import pytest

from training.decision import decide, probabilities
from training.metrics import macro_f1
from training.outcome import conclude
from training.predictions import Predictions
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

    p = probabilities(rows.logits, link)
    thresholds = fit_thresholds(rows.target, p, task)
    assert outcome.thresholds == pytest.approx(thresholds)
    assert outcome.summary["val/threshold/S"] == pytest.approx(thresholds[1])
    own = macro_f1(rows.target, decide(p, thresholds, task), CLASSES, ["S", "V"])
    assert outcome.metrics["macro_f1"] < outcome.metrics["macro_f1_tuned"] <= own


def test_the_loss_and_the_best_epoch_are_means_over_the_members():
    outcome = conclude(predictions("multiclass"), MEMBERS, ["S"], "softmax", "multiclass")

    assert outcome.metrics["loss"] == pytest.approx(0.3)
    assert outcome.summary["epoch_best"] == 4.5


def test_with_one_patient_no_tuned_f1_is_claimed():
    outcome = conclude(predictions("multiclass", 1), MEMBERS, ["S"], "softmax", "multiclass")

    assert "val/macro_f1_tuned" not in outcome.summary
    assert "val/threshold/S" in outcome.summary
