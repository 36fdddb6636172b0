"""Per-class measures against scikit-learn, and which classes can be ranked."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

from training.metrics import class_f1, evaluate, measurable, rankable

CLASSES = ("N", "S", "V")


def batch(seed=0, size=400):
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, size, p=[0.8, 0.05, 0.15])
    return np.eye(3, dtype="uint8")[truth], rng.normal(0, 1, (size, 3)) + 1.5 * np.eye(3)[truth]


def test_every_measure_is_scikit_learns():
    targets, logits = batch()
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    values = evaluate(targets, logits, CLASSES, ["S", "V"], "softmax", "multiclass")

    precision, recall, f1, _ = precision_recall_fscore_support(targets.argmax(1), logits.argmax(1))
    for k, name in enumerate(CLASSES):
        assert values[f"precision/{name}"] == pytest.approx(precision[k])
        assert values[f"recall/{name}"] == pytest.approx(recall[k])
        assert values[f"f1/{name}"] == pytest.approx(f1[k])
        assert values[f"auprc/{name}"] == pytest.approx(average_precision_score(targets[:, k], p[:, k]))
        assert values[f"auroc/{name}"] == pytest.approx(roc_auc_score(targets[:, k], p[:, k]))
    assert values["macro_f1"] == pytest.approx((f1[1] + f1[2]) / 2)
    assert values["macro_auprc"] == pytest.approx((values["auprc/S"] + values["auprc/V"]) / 2)


def test_a_class_without_positives_has_no_recall_and_no_curves():
    targets = np.array([[1, 0], [1, 0]], "uint8")

    values = evaluate(targets, np.array([[1.0, 0.0], [0.0, 1.0]]), ("N", "S"), ["N"], "softmax", "multiclass")

    assert "recall/S" not in values and "auprc/S" not in values and "auprc/N" not in values
    assert values["precision/S"] == 0 and values["f1/S"] == 0
    assert "macro_auprc" not in values


def test_nothing_called_positive_is_precision_0_where_there_was_something_to_find():
    targets = np.array([[1, 0], [0, 1]], "uint8")

    values = evaluate(targets, np.array([[1.0, 0.0], [1.0, 0.0]]), ("N", "S"), ["S"], "softmax", "multiclass")

    assert (values["precision/S"], values["recall/S"], values["f1/S"]) == (0, 0, 0)


def test_unknown_targets_are_left_out_class_by_class():
    targets, logits = batch()
    unknown = targets.copy()
    unknown[:50, 1] = 255

    values = evaluate(unknown, logits, CLASSES, CLASSES, "sigmoid", "multilabel")

    rest = evaluate(targets[50:], logits[50:], CLASSES, CLASSES, "sigmoid", "multilabel")
    whole = evaluate(targets, logits, CLASSES, CLASSES, "sigmoid", "multilabel")
    assert values["auprc/S"] == rest["auprc/S"]
    assert values["auprc/V"] == whole["auprc/V"]


def test_ranked_classes_have_50_positives_in_3_patients():
    groups = np.array(["a", "b", "c", "d"]).repeat(50)
    targets = np.zeros((200, 4), "uint8")
    targets[:100, 0] = 1  # 100 in 2 patients
    targets[45:101, 1] = 1  # 56 in 3 patients
    targets[45:94, 2] = 1  # 49 in 2 patients
    targets[:, 3] = 1  # no negatives

    assert rankable(targets, groups).tolist() == [False, True, False, False]
    assert measurable(targets).tolist() == [True, True, True, False]


def test_unknown_targets_are_no_positives_when_ranking():
    targets = np.full((200, 1), 255, "uint8")
    targets[0] = 0

    assert not rankable(targets, np.arange(200)).any()


def test_f1_of_decisions_by_hand():
    # S: 1 found of 2 called and 1 there, 2/3. V: 0 of 1. N: the unknown row is left out, 0 of 1 called.
    targets = np.array([[255, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]], "uint8")
    decisions = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]], bool)

    values = class_f1(targets, decisions, (*CLASSES, "F"))

    assert values == {"N": 0, "S": pytest.approx(2 / 3), "V": 0}  # F is neither there nor called
