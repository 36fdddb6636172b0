"""Resamples by patient are what repeating the rows of drawn patients gives."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

from training.bootstrap import MEASURES, bootstrap, interval, macro, multiplicities
from training.metrics import class_measures


def side(seed=0, patients=8, each=60):
    rng = np.random.default_rng(seed)
    groups = np.repeat([f"p{g}" for g in range(patients)], each)
    truth = rng.choice(3, len(groups), p=[0.7, 0.2, 0.1])
    z = rng.normal(0, 1, (len(groups), 3)) + np.eye(3)[truth]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return np.eye(3, dtype="uint8")[truth], p, np.eye(3, dtype=bool)[p.argmax(axis=1)], groups


def test_every_patient_is_drawn_as_often_as_there_are_patients_in_all():
    drawn = multiplicities(7, 50, seed=3)

    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn == multiplicities(7, 50, seed=3)).all()


def test_a_resample_is_the_rows_of_its_patients_repeated():
    targets, p, decisions, groups = side()
    values = bootstrap(targets, p, decisions, groups, resamples=5, seed=1)

    patients, index = np.unique(groups, return_inverse=True)
    for r, times in enumerate(multiplicities(len(patients), 5, seed=1)):
        rows = np.repeat(np.arange(len(index)), times[index])
        for k in range(3):
            truth, decided, score = targets[rows, k], decisions[rows, k], p[rows, k]
            assert values["sensitivity"][r, k] == pytest.approx(recall_score(truth, decided))
            assert values["precision"][r, k] == pytest.approx(precision_score(truth, decided))
            assert values["f1"][r, k] == pytest.approx(f1_score(truth, decided))
            assert values["auprc"][r, k] == pytest.approx(average_precision_score(truth, score))
            assert values["auroc"][r, k] == pytest.approx(roc_auc_score(truth, score))


def test_a_class_of_one_patient_is_nan_where_that_patient_is_not_drawn():
    targets, p, decisions, groups = side()
    targets[(targets[:, 2] == 1) & (groups != "p0")] = [1, 0, 0]

    values = bootstrap(targets, p, decisions, groups, resamples=200, seed=0)

    absent = multiplicities(8, 200, seed=0)[:, 0] == 0
    assert absent.any()
    for measure in values.values():
        assert (np.isnan(measure[:, 2]) == absent).all()
    assert (np.isnan(macro(values["f1"], [0, 2])) == absent).all()


def test_unknown_targets_are_left_out():
    targets, p, decisions, groups = side()
    unknown = targets.copy()
    unknown[::7, 1] = 255
    rest = unknown[:, 1] != 255

    values = bootstrap(unknown, p, decisions, groups, resamples=3, seed=0)
    expected = bootstrap(targets[rest], p[rest], decisions[rest], groups[rest], resamples=3, seed=0)

    assert values["auprc"][:, 1] == pytest.approx(expected["auprc"][:, 1])


def test_intervals_are_wider_when_rows_come_from_few_patients():
    # Patients that differ: the same rows, once as 8 patients and once as if each were a person.
    targets, p, decisions, groups = side()
    p = p * np.repeat(np.linspace(0.2, 1.0, 8), 60)[:, None]

    def width(patients):
        low, high = interval(bootstrap(targets, p, decisions, patients, 300)["auprc"][:, 2])
        return high - low

    assert width(groups) > width(np.arange(len(groups)))


def test_percentiles_by_hand():
    low, high = interval(np.append(np.arange(101.0), np.nan))

    assert (low, high) == pytest.approx((2.5, 97.5))
    assert interval(np.array([np.nan])) is None


def drawn_side(rng, patients, each=40):
    """Patients who differ in how often they have the class and in how high all of their scores are."""
    share, offset = rng.beta(2, 8, patients), rng.normal(0, 0.5, patients)
    groups = np.repeat(np.arange(patients), each)
    truth = rng.random(len(groups)) < share[groups]
    score = rng.normal(-1, 1, len(groups)) + 1.5 * truth + offset[groups]
    return truth[:, None].astype("uint8"), 1 / (1 + np.exp(-score))[:, None], score[:, None] > 0, groups


@pytest.mark.slow
@pytest.mark.parametrize("measure", MEASURES)
def test_the_interval_of_60_patients_holds_the_populations_value_nine_times_in_ten(measure):
    targets, p, decisions, _ = drawn_side(np.random.default_rng(1), 20_000)
    population = class_measures(targets, p, decisions)
    true = population["ppv" if measure == "precision" else measure][0]

    inside = 0
    for draw in range(300):
        side = drawn_side(np.random.default_rng([7, draw]), 60)
        low, high = interval(bootstrap(*side, resamples=300, seed=draw)[measure][:, 0])
        inside += low <= true <= high

    # Nominally 0.95; 0.91 (auprc, auroc) to 0.94 as written.
    assert inside / 300 >= 0.9
