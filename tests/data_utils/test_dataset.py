"""Opening a dataset file: what it gives, and how it refuses what it cannot read."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from data_utils.dataset import open_dataset, verify
from data_utils.errors import BadInput
from data_utils.layout import test_path as sealed_path


def test_gives_back_what_was_written(by_hand: Path) -> None:
    dataset = open_dataset(by_hand)
    assert dataset.classes == ("N", "S", "V")
    assert dataset.leads == ("MLII",)
    assert dataset.rate == 10.0
    assert dataset.covariates == ("rr",)
    assert dataset.preparation == {"filter": "none"}
    assert not dataset.simulated and dataset.groups_known and not dataset.sealed
    assert dataset.recordings.name.tolist() == ["a", "b", "c"]
    assert dataset.recordings.first.tolist() == [0, 100, 160]
    assert dataset.rows.anchor.tolist() == [10, 50, 95, 2, 30, 40, 79]
    assert dataset.groups.tolist() == ["anna"] * 3 + ["bert"] * 2 + ["cleo"] * 2
    assert dataset.folds == 3
    assert dataset.samples.dtype == np.float16
    assert dataset.samples[100:102, 0].tolist() == [2.0, 2.0 + 1 / 256]


def test_the_single_split_and_the_folds_are_patient_wise(by_hand: Path) -> None:
    dataset = open_dataset(by_hand)
    train, validation = dataset.sides()
    assert (train.rows.tolist(), validation.rows.tolist()) == ([0, 1, 2, 3, 4], [5, 6])
    assert (train.role, validation.role) == ("train", "validation")
    assert validation.targets.tolist() == [[1, 0, 0], [0, 1, 0]]
    # Two folds of the file's three: 0 and 2 leave the remainder 0.
    train, validation = dataset.sides(folds=2, fold=0)
    assert sorted(set(validation.groups)) == ["anna", "cleo"]
    assert sorted(set(train.groups)) == ["bert"]


def test_the_test_rows_are_in_the_sealed_file_only(by_hand: Path) -> None:
    training, sealed = open_dataset(by_hand), open_dataset(sealed_path(by_hand))
    assert sealed.sealed
    assert sealed.test().groups.tolist() == ["dora"]
    assert "dora" not in training.recordings.group
    assert sealed.training_digest == training.digest == training.training_digest
    assert sealed.digest != training.digest
    # The counts of the test side are known without opening it.
    assert training.summary["splits"]["test"]["classes"] == {"N": 0, "S": 0, "V": 1}


def test_each_file_refuses_the_other_ones_sides(by_hand: Path) -> None:
    with pytest.raises(BadInput, match="holds no test rows"):
        open_dataset(by_hand).test()
    with pytest.raises(BadInput, match="sealed test side"):
        open_dataset(sealed_path(by_hand)).sides()


@pytest.mark.parametrize("folds", [1, 4, -1])
def test_refuses_folds_that_the_file_does_not_have(by_hand: Path, folds: int) -> None:
    with pytest.raises(BadInput, match="it has 3 patient folds, so use 0 or 2 to 3"):
        open_dataset(by_hand).sides(folds, 0)


def test_a_pickled_dataset_maps_the_same_file_again(by_hand: Path) -> None:
    pickled = pickle.dumps(open_dataset(by_hand))
    assert len(pickled) < 500
    assert pickle.loads(pickled).digest == open_dataset(by_hand).digest  # noqa: S301 (our own bytes)


def test_verify_notices_one_changed_sample(by_hand: Path) -> None:
    assert verify(by_hand)
    with h5py.File(by_hand, "r+") as file:
        file["samples"][17, 0] += 1
    assert not verify(by_hand)


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no data file"):
        open_dataset(tmp_path / "none.h5")


def test_refuses_what_is_no_hdf5(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(BadInput, match="not a readable HDF5 file"):
        open_dataset(tmp_path / "text.h5")


def test_refuses_hdf5_of_somebody_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1, 2]
    with pytest.raises(BadInput, match="no rarebeat dataset"):
        open_dataset(tmp_path / "other.h5")


def _drop(name: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(name)


def _write(name: str, index: int, value: int) -> Callable[[h5py.File], None]:
    return lambda file: file[name].__setitem__(index, value)


def _flatten(name: str) -> Callable[[h5py.File], None]:
    def damage(file: h5py.File) -> None:
        values = file[name][:, 0]
        del file[name]
        file[name] = values

    return damage


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda file: file.attrs.__setitem__("format_version", 99), "has format version 99"),
        (_drop("row/anchor"), "row/anchor is missing"),
        (_drop("samples"), "samples is missing"),
        (lambda file: file.attrs.__delitem__("classes"), "not a whole dataset file"),
        (_write("row/split", 3, 1), "a patient is on two sides of a split"),
        (_write("row/fold", 3, 0), "a patient is on two sides of a fold"),
        (_write("row/split", slice(0, 3), 2), "training and test rows are mixed"),
        (_write("row/target", slice(0, 1), 7), "targets are not 0, 1 or 255"),
        (_write("row/target", slice(0, 1), 1), "a row of a multiclass file is not of exactly one class"),
        (_write("row/target", slice(0, 1), 0), "a row of a multiclass file is not of exactly one class"),
        (_flatten("row/target"), "not a whole dataset file"),
        (_write("row/anchor", 0, 1000), "an anchor lies after its recording"),
        (_write("recording/length", 2, 9999), "a recording ends after the samples"),
    ],
)
def test_refuses_a_damaged_file(by_hand: Path, damage: Callable[[h5py.File], None], complaint: str) -> None:
    with h5py.File(by_hand, "r+") as file:
        damage(file)
    with pytest.raises(BadInput, match=complaint):
        open_dataset(by_hand)


def test_refuses_a_file_that_was_cut_off(by_hand: Path) -> None:
    with by_hand.open("r+b") as file:
        file.truncate(by_hand.stat().st_size // 2)
    with pytest.raises(BadInput, match="build it again"):
        open_dataset(by_hand)
