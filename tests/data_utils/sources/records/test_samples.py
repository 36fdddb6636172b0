"""What is stored of a hospital's recordings, whatever their format, rate and leads."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pyedflib
import pytest
import yaml

from data_utils.dataset import open_dataset
from data_utils.errors import BadRecord
from data_utils.layout import test_path as sealed_path
from data_utils.sources.draft import draft
from data_utils.sources.formats import Said, read_file
from data_utils.wfdb_records import read_record
from tests.data_utils.sources.records.hospital import (
    build,
    left_out_of,
    number_of,
    samples,
    write_hospital,
    write_recording,
)

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\.")

ENDINGS = (".hea", ".edf", ".h5", ".csv", ".npy")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_draft_of_any_format_can_be_built_and_keeps_every_sample(tmp_path: Path, ending: str) -> None:
    folder = write_hospital(tmp_path / "ward", ending, count=12)
    drafted = yaml.safe_load(draft(folder).text)
    assert drafted["ending"] == ending and drafted["labels"] == "labels.csv"
    expected = {"record": "file", "patient": "patient_id", "date": "date", "site": "site", "age": "age"}
    assert drafted["columns"] == expected | {"sex": "sex"}
    assert drafted["classes"]["values"] == {"AF": "AF", "LBBB": "LBBB"}
    dataset = build(folder)
    sealed = open_dataset(sealed_path(dataset.path))
    for side in (dataset, sealed):
        for name, first, length in zip(
            side.recordings.name, side.recordings.first, side.recordings.length, strict=True
        ):
            # 16-bit EDF over +-163.84 mV has steps of 5 µV, those of the samples; so have the others.
            stored = side.samples[first : first + length]
            assert (stored == samples(number_of(name)).astype(np.float16)).all()
    assert len(dataset.recordings.name) + len(sealed.recordings.name) == 12


def test_strips_repeat_the_labels_and_leave_the_rest(folder: Path) -> None:
    dataset = build(folder, strips=1.2)  # 120 of 300 samples: two strips, 60 samples of neither
    assert len(dataset) == 2 * len(dataset.recordings.name)
    assert dataset.rows.start[:2].tolist() == [0, 120] and set(dataset.rows.length) == {120}
    assert (dataset.rows.target[::2] == dataset.rows.target[1::2]).all()
    half = build(folder, strips=1.2, overlap=0.5)
    assert half.rows.start[:4].tolist() == [0, 60, 120, 180]


def test_missing_samples_stay_missing(folder: Path) -> None:
    gap = samples(5)
    gap[10:20, 1] = np.nan
    np.save(folder / "rec05.npy", gap)
    dataset = build(folder)
    sealed = open_dataset(sealed_path(dataset.path))
    side = dataset if "rec05" in dataset.recordings.name else sealed
    first = side.recordings.first[side.recordings.name.tolist().index("rec05")]
    assert np.flatnonzero(np.isnan(side.samples[first : first + 300]).any(axis=1)).tolist() == [
        *range(10, 20)
    ]


def test_a_missing_lead_is_refused_or_zero_as_asked(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", ".h5")
    write_recording(folder / "rec03.h5", 3, leads=("I", "II"), signal=samples(3)[:, :2])
    assert left_out_of(build(folder))["rec03"]["reason"] == "no lead named V1; it has I, II"
    dataset = build(folder, missing_leads="zero")
    assert "rec03" not in left_out_of(dataset)


def test_a_wfdb_signal_may_have_no_name_or_be_no_voltage(tmp_path: Path) -> None:
    np.arange(300, dtype="<i2").tofile(tmp_path / "a.dat")
    lines = ["a 3 100 100", "a.dat 16 200/mV 16 0 0 0 0", "a.dat 16 1/NU 16 0 0 0 0 PLETH", "a.dat 16 200/mV"]
    (tmp_path / "a.hea").write_text("\n".join([*lines[:3], lines[3] + " 16 0 0 0 0 II", ""]))
    signal = read_record(tmp_path, "a")
    assert signal.leads == ("signal 0", "II")
    assert signal.samples[1].tolist() == [3 / 200, 5 / 200]


@pytest.mark.parametrize("ending", [".edf", ".csv"])
def test_endings_in_capitals_are_endings(tmp_path: Path, ending: str) -> None:
    folder = write_hospital(tmp_path / "ward", ending, count=12)
    for path in folder.iterdir():
        path.rename(path.with_suffix(path.suffix.upper()))
    drafted = yaml.safe_load(draft(folder).text)
    assert (drafted["ending"], drafted["labels"]) == (ending.upper(), "labels.CSV")
    assert sum(s["recordings"] for s in build(folder).summary["splits"].values()) == 12


ENDS = {"min": -32768, "max": 32767}
NIGHT = [("EEG C3", "uV", 50), ("ECG II", "mV", 200), ("ECG V1", "mV", 200), ("Resp", "Ohm", 10)]


def write_night(path: Path, signals: list[tuple[str, str, int]] = NIGHT) -> None:
    """Two seconds of signals with a label, a unit and a rate each; each counts its samples."""
    with pyedflib.EdfWriter(str(path), len(signals), pyedflib.FILETYPE_EDFPLUS) as file:
        for k, (label, unit, rate) in enumerate(signals):
            limits = {f"{kind}_{end}": v for kind in ("physical", "digital") for end, v in ENDS.items()}
            header = {"label": label, "dimension": unit, "sample_frequency": rate}
            file.setSignalHeader(k, {**header, **limits, "transducer": "", "prefilter": ""})
        file.writeSamples([np.arange(2.0 * rate) for _, _, rate in signals])


def test_of_an_edf_of_several_rates_the_ecg_is_read_and_what_is_not_is_said(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", ".edf", count=2)
    for number in range(2):
        write_night(folder / f"rec{number:02d}.edf")
    signal = read_file(folder / "rec00.edf", Said())
    assert (signal.leads, signal.rate) == (("II", "V1"), 200)
    assert (signal.samples == np.arange(400)[:, None]).all()
    assert signal.others == ("EEG C3 (50 Hz)", "Resp (Ohm)")
    drafted = draft(folder)
    assert yaml.safe_load(drafted.text)["leads"] == ["II", "V1"]
    assert "Not read from rec00.edf" in " ".join(drafted.questions)
    assert "EEG C3 (50 Hz), Resp (Ohm)" in " ".join(drafted.questions)


@pytest.mark.parametrize(
    ("signals", "sentence"),
    [
        ([("EEG C3", "uV", 50), ("Chest", "mV", 200)], "EEG C3 at 50 Hz, Chest at 200 Hz) and none is named"),
        (
            [("ECG I", "mV", 100), ("V1", "mV", 200)],
            "ECG I at 100 Hz, V1 at 200 Hz) and so does its ECG: export",
        ),
    ],
)
def test_an_edf_whose_ecg_has_no_one_rate_says_what_to_do(tmp_path: Path, signals, sentence) -> None:
    write_night(tmp_path / "a.edf", signals)
    with pytest.raises(BadRecord, match=re.escape(sentence)):
        read_file(tmp_path / "a.edf", Said())


@pytest.mark.parametrize("time", ["time", "Time (s)", "t [ms]", "time_s", ""])
def test_a_column_of_time_is_no_lead(tmp_path: Path, time: str) -> None:
    (tmp_path / "a.csv").write_text(f"{time},I,ECG II\n0,1,2\n0.01,3,4\n")
    signal = read_file(tmp_path / "a.csv", Said(rate=100.0))
    assert signal.leads == ("I", "II") and signal.samples.tolist() == [[1, 2], [3, 4]]


def test_mixed_rates_are_resampled_to_one(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", ".h5")
    slow = np.sin(2 * np.pi * 5 * np.arange(600) / 200)[:, None] * np.ones(3)  # 5 Hz, 3 s at 200 Hz
    write_recording(folder / "rec03.h5", 3, rate=200.0, signal=slow)
    dataset = build(folder)
    sealed = open_dataset(sealed_path(dataset.path))
    side = dataset if "rec03" in dataset.recordings.name else sealed
    k = side.recordings.name.tolist().index("rec03")
    assert side.recordings.length[k] == 300
    stored = side.samples[side.recordings.first[k] :][:300, 0].astype(float)
    expected = np.sin(2 * np.pi * 5 * np.arange(300) / 100)
    assert np.abs(stored - expected)[30:-30].max() < 0.02


def test_the_recipe_is_kept_in_the_file(folder: Path) -> None:
    dataset = build(folder, rate=50.0, band_pass=(0.5, 20.0))
    assert dataset.rate == 50 and dataset.preparation["recipe"]["band_pass"] == [0.5, 20.0]
    with h5py.File(dataset.path) as file:
        assert file["samples"].shape[0] == 150 * len(dataset.recordings.name)
