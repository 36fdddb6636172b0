"""Easy rows first, by what an earlier run said; class by class, so that rare ones are not put off."""

from __future__ import annotations

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.digest import split_digest
from data_utils.errors import BadInput
from data_utils.samplers import build_sampler
from data_utils.samplers.curriculum import Curriculum, surprise
from data_utils.write import BeatRows, Description, writing


@pytest.fixture
def dataset(tmp_path) -> Dataset:
    """Two patients, two folds; four rows of N and two of S each."""
    description = Description(
        "multiclass", ("N", "S"), ("N", "S"), ("I",), 1.0, (), "t", "none", False, True, {}
    )
    target = np.eye(2, dtype=np.uint8)[[0, 0, 0, 0, 1, 1]]
    with writing(tmp_path / "x.h5", description) as writer:
        for name in ("p", "q"):
            rows = BeatRows(np.arange(6), target, np.zeros((6, 0), np.float32))
            writer.add(name, name, "train", np.zeros((6, 1)), rows)
        writer.finish({"p": 0, "q": 1})
    return open_dataset(tmp_path / "x.h5")


def save(path, dataset: Dataset, logits: np.ndarray, digest: str | None = None):
    row = np.arange(len(dataset))
    digest = digest or split_digest(dataset.digest, row, dataset.rows.fold % 2)
    np.savez(path, row=row, fold=dataset.rows.fold % 2, logits=logits, split_digest=digest)
    return str(path)


def test_the_first_epoch_draws_the_easiest_of_each_class_and_the_last_all(tmp_path, dataset):
    # Confidence in N falls from row to row: among N the first is easy, among S the last.
    logits = np.tile(np.stack([[3, 2, 1, 0, -1, -2], np.zeros(6)], axis=1), (2, 1))
    earlier = save(tmp_path / "predictions.npz", dataset, logits)
    for given in (earlier, str(tmp_path)):
        hp = {"sampler": "curriculum", "curriculum_from": given, "curriculum_start": 0.5, "folds": 2}
        sampler = build_sampler(hp, dataset.sides(2, 0)[0], 100, 1)
        drawn = {at: sampler.epoch(np.random.default_rng(0), at).rows for at in (0.0, 0.5, 1.0)}

        assert set(drawn[0.0]) == {0, 1, 5}  # half of 4 and of 2
        # sqrt(0.5 * (1 - 0.25) + 0.25) = 0.79: 3.2 of 4 and 1.6 of 2 rows, rounded up
        assert set(drawn[0.5]) == {0, 1, 2, 3, 4, 5}
        assert set(drawn[1.0]) == {0, 1, 2, 3, 4, 5}


def test_the_share_grows_with_the_square_root_of_progress():
    targets = np.ones((1000, 1), np.uint8)
    curriculum = Curriculum(targets, np.arange(1000.0), start=0.2)
    for progress, last in ((0.0, 199), (0.25, 529), (0.5, 721), (1.0, 999)):
        # sqrt(0.25 * 0.96 + 0.04) = 0.5292; sqrt(0.5 * 0.96 + 0.04) = 0.7211
        assert curriculum.draw(1000, np.random.default_rng(0), progress).rows.max() == last


def test_surprise_is_the_cross_entropy_of_what_is_known():
    targets = np.array([[1, 0], [0, 1], [1, 255]], np.uint8)
    logits = np.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 5.0]])
    # ln 2 by softmax, ln 2 a class by sigmoid; the unknown class counts nothing.
    assert surprise(targets, logits, "multiclass")[:2] == pytest.approx([np.log(2), 1000])
    assert surprise(targets, logits, "multilabel") == pytest.approx(
        [2 * np.log(2), 1000 + np.log(2), np.log(2)]
    )


@pytest.mark.parametrize(
    ("hp", "sentence"),
    [
        ({"curriculum_from": ""}, "needs curriculum_from: the predictions.npz of an earlier run"),
        ({"curriculum_from": "nowhere.npz"}, "holds no predictions of an earlier run"),
        ({"folds": 0}, "needs folds of 2 or more"),
    ],
)
def test_without_predictions_of_the_training_rows_it_is_refused(tmp_path, dataset, hp, sentence):
    earlier = save(tmp_path / "predictions.npz", dataset, np.zeros((12, 2)))
    hp = {"sampler": "curriculum", "curriculum_from": earlier, "folds": 2, **hp}
    with pytest.raises(BadInput, match=sentence):
        build_sampler(hp, dataset.sides(2, 0)[0], 1, 1)


def test_predictions_of_another_split_are_refused(tmp_path, dataset):
    earlier = save(tmp_path / "other.npz", dataset, np.zeros((12, 2)), digest="0" * 64)
    hp = {"sampler": "curriculum", "curriculum_from": earlier, "folds": 2}
    with pytest.raises(BadInput, match=r"comes from another split than .*x\.h5 with folds=2"):
        build_sampler(hp, dataset.sides(2, 0)[0], 1, 1)
