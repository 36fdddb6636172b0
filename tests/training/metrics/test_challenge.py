"""The challenge score: entries of the published table, and worked values of its definition."""

import numpy as np
import pytest

from training.metrics import challenge_score, full_measures
from training.metrics.challenge import PLACE, SAME, weight

# Read off weights_abbreviations.csv of physionetchallenges/evaluation-2021, every row at least once.
PUBLISHED = [
    ("AF", "AFL", 0.5), ("AF", "NSR", 0.25), ("AF", "PAC", 0.3375), ("AF", "QAb", 0.4), ("AFL", "BBB", 0.475),
    ("BBB", "CLBBB", 0.475), ("BBB", "CRBBB", 0.425), ("Brady", "QAb", 0.2), ("Brady", "NSR", 0.45),
    ("CLBBB", "CRBBB", 0.425), ("CRBBB", "NSR", 0.35), ("IAVB", "LPR", 0.5), ("IAVB", "PAC", 0.4625),
    ("IRBBB", "LAD", 0.45), ("LAnFB", "LQRSV", 0.425), ("LPR", "SB", 0.5), ("LQRSV", "PRWP", 0.475),
    ("LQRSV", "LQT", 0.475), ("LQT", "QAb", 0.35), ("NSIVCB", "STach", 0.475), ("NSR", "QAb", 0.15),
    ("NSR", "PAC", 0.4125), ("PAC", "PVC", 0.4625), ("PR", "PVC", 0.5), ("PR", "STach", 0.5), ("RAD", "SA",
    0.45), ("SA", "SB", 0.5), ("STach", "TAb", 0.375), ("TAb", "TInv", 0.5), ("QAb", "PVC", 0.275),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "credit"), PUBLISHED)
def test_credits_are_those_of_the_published_table(one, other, credit):
    assert weight(one, other) == weight(other, one) == credit


def test_every_class_of_the_published_table_is_there():
    assert len(PLACE) == 26
    assert {name for pair in PUBLISHED for name in pair[:2]} == set(PLACE)
    assert all(weight(name, name) == 1 for name in PLACE)


CLASSES = ("NSR", "AF", "PAC", "SVPB", "other")


def multi_hot(*rows):
    return np.array([[name in row for name in CLASSES] for row in rows])


LABELS = multi_hot({"NSR"}, {"AF"}, {"AF", "PAC"}, {"NSR"})


def score(called):
    return challenge_score(LABELS.astype("uint8"), called, CLASSES)


def test_the_labels_themselves_score_1():
    assert score(LABELS) == pytest.approx(1)


def test_calling_all_sinus_rhythm_scores_0():
    assert score(multi_hot(*[{"NSR"}] * 4)) == pytest.approx(0)


def test_a_worked_value():
    # Correct: 1 + 1 + (1 + 1 + 2 * 0.3375) / 2 + 1 = 4.3375. Sinus rhythm alone: 1 + 0.25 + (0.25 + 0.4125) /
    # 3 + 1. Called: NSR right; AF called AF and PAC, (1 + 0.3375) / 2; AF and PAC called AF, (1 + 0.3375) /
    # 2; nothing, 0.
    most, least = 4.3375, 2.125 + 0.6625 / 3
    own = 1 + 1.3375 / 2 + 1.3375 / 2 + 0

    called = multi_hot({"NSR"}, {"AF", "PAC"}, {"AF"}, set())

    assert score(called) == pytest.approx((own - least) / (most - least))


def test_equivalent_diagnoses_are_one_and_unscored_classes_do_not_count():
    as_svpb = multi_hot({"NSR"}, {"AF", "other"}, {"AF", "SVPB"}, {"NSR"})

    assert score(as_svpb) == pytest.approx(1)
    assert SAME["SVPB"] == "PAC"


def test_rows_with_an_unknown_scored_class_are_left_out():
    unknown = np.vstack([LABELS.astype("uint8"), [[255, 0, 0, 0, 0]]])

    called = np.vstack([LABELS, [[True] * 5]])
    assert challenge_score(unknown, called, CLASSES) == pytest.approx(1)


def test_other_data_sets_have_no_such_score():
    targets = np.eye(2, dtype="uint8")

    assert challenge_score(targets, targets == 1, ("NORM", "MI")) is None
    assert (
        "cinc_score"
        not in full_measures(targets, targets * 1.0, targets == 1, ("A", "B"), "multilabel").overall
    )
