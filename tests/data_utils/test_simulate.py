"""Simulated beats: labelled, rare classes rare, early beats early, and marked as simulated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.layout import test_path as sealed_path
from data_utils.simulate import simulate


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "sim.h5"
    simulate(path, patients=16, minutes=4)
    return path


@pytest.fixture(scope="module")
def dataset(path: Path) -> Dataset:
    return open_dataset(path)


def test_is_marked_as_simulated_in_both_files(path: Path, dataset: Dataset) -> None:
    assert dataset.simulated and dataset.source == "simulated"
    assert open_dataset(sealed_path(path)).simulated
    assert "McSharry" in dataset.preparation["model"]


def test_the_same_seed_gives_the_same_file(path: Path, dataset: Dataset, tmp_path: Path) -> None:
    simulate(tmp_path / "same.h5", patients=16, minutes=4)
    simulate(tmp_path / "other.h5", patients=16, minutes=4, seed=1)
    assert open_dataset(tmp_path / "same.h5").digest == dataset.digest
    assert open_dataset(tmp_path / "other.h5").digest != dataset.digest


def test_every_class_is_there_and_all_but_normal_are_rare(dataset: Dataset) -> None:
    share = dataset.rows.target.mean(axis=0)
    assert share[0] > 0.8
    assert (share[1:] > 0).all() and (share[1:] < 0.12).all()
    assert share[3] == share.min()


def test_no_patient_is_on_two_sides(path: Path, dataset: Dataset) -> None:
    train, validation = dataset.sides()
    test = open_dataset(sealed_path(path)).test()
    patients = [set(side.groups) for side in (train, validation, test)]
    assert sum(map(len, patients)) == len(set.union(*patients)) == 16


def test_rhythms_are_those_of_the_classes(dataset: Dataset) -> None:
    def median(covariate: str, name: str) -> float:
        column = dataset.rows.covariates[:, dataset.covariates.index(covariate)]
        return float(np.median(column[dataset.rows.target[:, dataset.classes.index(name)] == 1]))

    assert abs(median("rr_pre_local", "N") - 1) < 0.03
    assert median("rr_pre_local", "S") < 0.85
    assert median("rr_pre_local", "V") < 0.8
    assert 0.85 < median("rr_pre_local", "F") < 1
    # The pause after V makes up for its prematurity, the one after S does not.
    assert abs(median("rr_pre_local", "V") + median("rr_post_local", "V") - 2) < 0.1
    assert median("rr_pre_local", "S") + median("rr_post_local", "S") < 1.95


def test_the_signal_peaks_at_the_beats_and_is_plausible(dataset: Dataset) -> None:
    first, length = dataset.recordings.first[0], dataset.recordings.length[0]
    signal = np.asarray(dataset.samples[first : first + length, 0], np.float32)
    assert np.isfinite(signal).all() and np.abs(signal).max() < 6
    normal = (dataset.rows.recording == 0) & (dataset.rows.target[:, 0] == 1)
    beats = dataset.rows.anchor[normal][2:-2]
    around = signal[beats[:, None] + np.arange(-108, 109)]  # 0.3 s to either side
    assert np.median(np.abs(around.argmax(axis=1) - 108)) <= 4


@pytest.mark.parametrize(("patients", "minutes"), [(3, 10), (20, 0.1), (20, float("nan"))])
def test_refuses_what_cannot_be_split(tmp_path: Path, patients: int, minutes: float) -> None:
    with pytest.raises(BadInput, match="12 patients or more"):
        simulate(tmp_path / "sim.h5", patients, minutes)
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_negative_seed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="seed -1 must be 0 or more"):
        simulate(tmp_path / "sim.h5", seed=-1)
