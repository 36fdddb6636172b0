"""MIT-BIH itself: counts, signal and edges. Takes the recordings from ECG_DATA (a folder with mitdb/)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from data_utils.dataset import Dataset, open_dataset
from data_utils.layout import test_path as sealed_path
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.rr import rr_covariates
from data_utils.sources import heartbeat_csv, mitdb
from data_utils.wfdb_records import wfdb
from rarebeat.cli import main

FOLDER = Path(os.environ.get("ECG_DATA", "")) / "mitdb"
pytestmark = [
    pytest.mark.skipif(
        "ECG_DATA" not in os.environ or not FOLDER.is_dir(), reason="ECG_DATA names no folder with mitdb/"
    ),
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\."),
]

# Beats by AAMI class (e and j are N) of the 22 records of DS1, of ten of DS2, and of the four paced records,
# counted from the published annotations.
DS1 = {"N": 45866, "S": 944, "V": 3788, "F": 415, "Q": 8}
DS2_OF_TEN = {"N": 18678, "S": 1493, "V": 918, "F": 13}
ALL_36 = {"N": 65050, "S": 2437, "V": 4933, "F": 428, "Q": 8036}
TEN = ["100", "103", "113", "117", "123", "202", "212", "219", "232", "233"]


def _present() -> set[str]:
    return {path.stem for path in FOLDER.glob("*.hea")}


def _the_36() -> bool:
    return _present() & set(mitdb.RECORDS) == {*mitdb.DS1, *mitdb.PACED, *TEN}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mitdb") / "mitdb.h5"
    mitdb.build(FOLDER, path)
    return path


@pytest.fixture(scope="module")
def dataset(path: Path) -> Dataset:
    return open_dataset(path)


@pytest.fixture(scope="module")
def shown(path: Path) -> dict:
    return json.loads(CliRunner().invoke(main, ["data", "show", str(path), "--json", "--verify"]).stdout)


def _sum(*counts: dict) -> dict:
    return {name: sum(each.get(name, 0) for each in counts) for name in mitdb.AAMI}


def test_shown_totals_are_the_published_annotations(shown: dict) -> None:
    if not _the_36():
        pytest.skip("the folder has other records than the 36 that were counted")
    assert shown["totals"]["all"] == ALL_36
    assert shown["verified"] is True


def test_ds1_is_whole(shown: dict) -> None:
    assert set(mitdb.DS1) <= _present()
    q = sum(e["classes"]["Q"] for e in shown["left_out"] if e["what"].startswith("Q in 101"))
    training = _sum(shown["splits"]["train"]["classes"], shown["splits"]["validation"]["classes"])
    assert training | {"Q": q} == DS1


def test_the_test_side_and_202_are_what_ds2_counts(shown: dict) -> None:
    if not _the_36():
        pytest.skip("the folder has other records of DS2 than the ten that were counted")
    left_out = {entry["what"]: entry for entry in shown["left_out"]}
    counted = _sum(shown["splits"]["test"]["classes"], left_out["202"]["classes"])
    assert {name: counted[name] for name in DS2_OF_TEN} == DS2_OF_TEN
    assert [what for what in left_out if what in mitdb.PACED] == ["102", "104", "107", "217"]


def test_stored_samples_are_the_recordings_row_by_row(path: Path) -> None:
    for file in (path, sealed_path(path)):
        dataset = open_dataset(file)
        for index, name in enumerate(dataset.recordings.name):
            record = wfdb.rdrecord(str(FOLDER / name))
            signal = record.p_signal[:, record.sig_name.index("MLII")].astype(np.float16)
            begin = dataset.recordings.first[index]
            stored = np.asarray(dataset.samples[begin : begin + dataset.recordings.length[index], 0])
            assert np.array_equal(stored, signal), name


def test_rows_are_the_annotated_beats_and_rr_comes_from_all_of_them(dataset: Dataset) -> None:
    for name in ("101", "207", "208"):  # Q beats, ventricular flutter, fusion beats
        beats, classes = mitdb.read_beats(FOLDER, name)
        own = dataset.rows.recording == dataset.recordings.name.tolist().index(name)
        kept = classes != "Q"
        assert dataset.rows.anchor[own].tolist() == beats[kept].tolist()
        assert (
            np.array(dataset.classes)[dataset.rows.target[own].argmax(axis=1)].tolist()
            == classes[kept].tolist()
        )
        assert np.array_equal(dataset.rows.covariates[own], rr_covariates(beats, 360.0)[kept])


def test_the_lead_of_114_is_its_second_channel(dataset: Dataset) -> None:
    assert wfdb.rdheader(str(FOLDER / "114")).sig_name[1] == "MLII"
    begin = dataset.recordings.first[dataset.recordings.name.tolist().index("114")]
    second = wfdb.rdrecord(str(FOLDER / "114"), sampto=1000).p_signal[:, 1]
    assert np.array_equal(dataset.samples[begin : begin + 1000, 0], second.astype(np.float16))


def test_float16_keeps_every_step_of_the_converter_apart(dataset: Dataset) -> None:
    # 200 steps per mV: rounding to float16 must not merge neighbouring steps.
    levels = (np.arange(-1024, 1024) / 200).astype(np.float16)
    assert len(set(levels.tolist())) == 2048


def test_beats_at_the_edges_are_kept_and_padded(dataset: Dataset) -> None:
    train, _ = dataset.sides()
    examples = Examples(train, fit_preparation(train, window=2.0))
    early = int(np.flatnonzero(dataset.rows.anchor[train.rows] < 360)[0])
    anchor = dataset.rows.anchor[train.rows[early]]
    signal = examples.batch([early])["signal"][0, :, 0]
    assert not signal[: 360 - anchor].any()
    begin = dataset.recordings.first[dataset.rows.recording[train.rows[early]]]
    assert np.array_equal(
        signal[360 - anchor :], dataset.samples[begin : begin + 360 + anchor, 0].astype(np.float32)
    )


def test_no_patient_trains_and_is_tested(path: Path, dataset: Dataset, shown: dict) -> None:
    sealed = open_dataset(sealed_path(path))
    assert not set(sealed.groups) & set(dataset.groups)
    assert "201" in set(dataset.groups) and "202" not in set(sealed.recordings.name)
    assert shown["patients_on_both_sides"] == []
    assert set(dataset.sides()[1].groups) == set(mitdb.VALIDATION)


@pytest.mark.parametrize("folds", [2, 3, 4, 5])
def test_n_s_and_v_can_be_ranked_in_every_fold(dataset: Dataset, folds: int) -> None:
    for fold in range(folds):
        train, validation = dataset.sides(folds, fold)
        assert not set(train.groups) & set(validation.groups)
        assert (validation.targets.sum(axis=0)[:3] >= 50).all()
        for k in range(3):
            assert len(set(validation.groups[validation.targets[:, k] == 1])) >= 3


def test_the_published_split_says_who_is_on_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "published.h5"
    mitdb.build(FOLDER, path, mitdb.Options(published_split=True, include_paced=True))
    result = CliRunner().invoke(main, ["data", "show", str(path)])
    assert "PATIENT 201 IS ON BOTH SIDES" in result.output
    # 102 and 104 have no MLII, so of the paced records only two can train.
    names = set(open_dataset(path).recordings.name)
    assert names & set(mitdb.PACED) == {"107", "217"}


def test_strips_hold_the_classes_of_their_beats(tmp_path: Path) -> None:
    mitdb.build(FOLDER, tmp_path / "strips.h5", mitdb.Options(strips=10.0))
    strips = open_dataset(tmp_path / "strips.h5")
    assert strips.task == "multilabel" and strips.covariates == ()
    # 650,000 samples are 180 strips of 3600, and 2000 samples that are in none.
    assert len(strips) == 180 * len(strips.recordings.name)
    for name in ("208", "114"):
        beats, classes = mitdb.read_beats(FOLDER, name)
        k = strips.recordings.name.tolist().index(name)
        for row in np.flatnonzero(strips.rows.recording == k):
            inside = (beats >= strips.rows.start[row]) & (beats < strips.rows.start[row] + 3600)
            expected = [name in set(classes[inside]) for name in strips.classes]
            assert strips.rows.target[row].astype(bool).tolist() == expected


def test_single_heartbeats_keep_their_patients_and_count_as_the_annotations(tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in ("100", "101", "102", "104", "114", "201", "202", "208"):
        for path in FOLDER.glob(f"{name}.*"):
            (few / path.name).symlink_to(path.resolve())
    left_out = heartbeat_csv.build(few, tmp_path / "x.h5", heartbeat_csv.Options(from_mitdb=str(few)))
    beats = open_dataset(tmp_path / "x.h5")
    assert {each.what for each in left_out} == {"102", "104", "202"}
    assert beats.groups_known and set(beats.sides()[1].groups) == {"114"}
    for entry in beats.summary["recordings"]:
        _, classes = mitdb.read_beats(FOLDER, entry["name"])
        # Segments that do not end before the recording does are left out: at most its last two beats.
        assert 0 <= len(classes) - entry["rows"] <= 2
    begin = beats.recordings.first[0] + beats.rows.start[0]
    beat = beats.samples[begin : begin + 187, 0].astype(float)
    assert beat.min() == 0 and beat.max() == 1
