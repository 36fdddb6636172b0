"""The objective computed again from predictions, and its spread over patients."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from data_utils.errors import BadInput
from training.objective import influences, objective, resampled_objective
from training.predictions import Predictions, read_predictions, write_predictions


def predictions(rng: np.random.Generator, patients: int = 12, rows: int = 50, skill: float = 1.0):
    """Three classes in two folds; each patient has all classes."""
    group = np.repeat([f"p{i}" for i in range(patients)], rows)
    label = rng.choice(3, len(group), p=[0.7, 0.2, 0.1])
    target = np.eye(3, dtype=np.uint8)[label]
    logits = (skill * target + rng.normal(size=target.shape)).astype(np.float32)
    fold = np.repeat(np.arange(patients) % 2, rows).astype(np.int16)
    return Predictions(np.arange(len(group)), group, target, logits, fold, "digest", ("N", "S", "V"))


def test_the_objective_is_the_mean_over_folds_of_scikit_learns_average_precision():
    given = predictions(np.random.default_rng(0))
    sides = [
        np.mean(
            [
                average_precision_score(given.target[rows, k], given.logits[rows, k].astype(float))
                for k in (1, 2)
            ]
        )
        for rows in (given.fold == 0, given.fold == 1)
    ]
    assert objective(given, ["S", "V"], "sigmoid") == pytest.approx(np.mean(sides), abs=1e-12)


def test_the_spread_is_that_of_patients_not_of_rows():
    """Every patient copied row by row: rows alone would halve the interval, patients leave it as it is."""
    given = predictions(np.random.default_rng(1))
    twice = Predictions(
        *(
            np.repeat(getattr(given, name), 4, axis=0)
            for name in ("row", "group", "target", "logits", "fold")
        ),
        given.split_digest,
        given.classes,
    )
    once = resampled_objective(given, ["S", "V"], "softmax", 200)
    np.testing.assert_allclose(resampled_objective(twice, ["S", "V"], "softmax", 200), once, atol=1e-12)


def test_equal_patients_have_no_spread():
    one = predictions(np.random.default_rng(2), patients=1)
    three = replace(
        one,
        group=np.repeat(["p0", "p1", "p2"], len(one.row)),
        **{name: np.concatenate([getattr(one, name)] * 3) for name in ("row", "target", "logits", "fold")},
    )
    values = resampled_objective(three, ["N", "S", "V"], "softmax", 20)
    np.testing.assert_allclose(values, objective(one, ["N", "S", "V"], "softmax"), atol=1e-12)


def test_of_a_class_that_two_patients_have_no_draw_tells_anything():
    given = predictions(np.random.default_rng(2))
    target = given.target.copy()
    target[~np.isin(given.group, ["p0", "p1"]), 2] = 0
    rare = replace(given, target=target)
    assert np.isfinite(resampled_objective(rare, ["N", "S"], "sigmoid", 20)).all()
    assert np.isnan(resampled_objective(rare, ["N", "S", "V"], "sigmoid", 20)).all()


def test_two_runs_on_one_split_are_drawn_alike_so_that_a_copy_never_differs():
    given = predictions(np.random.default_rng(3))
    one, other = (resampled_objective(given, ["S"], "sigmoid", 100, seed=7) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert np.std(one) > 0


def test_a_draw_without_a_class_counts_for_nothing():
    given = predictions(np.random.default_rng(4))
    only = np.where(np.isin(given.group, ["p0", "p1", "p2"]), given.target[:, 2], 0)
    target = np.column_stack([given.target[:, :2], only]).astype(np.uint8)
    rare = Predictions(
        given.row, given.group, target, given.logits, given.fold, given.split_digest, given.classes
    )
    values = resampled_objective(rare, ["V"], "sigmoid", 400)
    # The one patient of the second fold is missing from (5/6)^6 = 0.335 of its draws, both of the first from
    # (4/6)^6 = 0.088.
    assert np.isfinite(values).mean() == pytest.approx((1 - (5 / 6) ** 6) * (1 - (4 / 6) ** 6), abs=0.08)


def test_predictions_come_back_as_they_were_written(tmp_path):
    given = predictions(np.random.default_rng(5))
    write_predictions(tmp_path, given)
    back = read_predictions(tmp_path)
    assert (back.split_digest, back.classes) == (given.split_digest, given.classes)
    for name in ("row", "group", "target", "logits", "fold"):
        np.testing.assert_array_equal(getattr(back, name), getattr(given, name))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 torn", None])
def test_what_are_no_predictions_is_said_in_a_sentence(tmp_path, content):
    if content is not None:
        (tmp_path / "predictions.npz").write_bytes(content)
    with pytest.raises(BadInput, match="holds no predictions"):
        read_predictions(tmp_path)


def test_reading_predictions_needs_no_tensorflow():
    code = "import sys, training.objective; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_patients_add_has_the_objective_as_its_mean_and_their_spread_as_its_own():
    given = predictions(np.random.default_rng(6), patients=40)
    added = influences(given, ["S", "V"], "softmax")
    assert added.shape == (40,)
    assert added.mean() == pytest.approx(objective(given, ["S", "V"], "softmax"), abs=1e-12)
    # Standard errors of the jackknife and of the bootstrap agree for smooth measures (Efron 1979).
    drawn = resampled_objective(given, ["S", "V"], "softmax", 400)
    assert added.std(ddof=1) / np.sqrt(40) == pytest.approx(drawn.std(), rel=0.25)


def test_many_patients_are_left_out_in_blocks():
    given = predictions(np.random.default_rng(7), patients=60, rows=10)
    added = influences(given, ["S", "V"], "softmax", most=8)
    assert added.shape == (16,)
    assert added.mean() == pytest.approx(objective(given, ["S", "V"], "softmax"), abs=1e-12)
