"""A hospital's own folder: drafted, built, and what happens to what is wrong in it."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.layout import SPLITS
from data_utils.layout import test_path as sealed_path
from data_utils.sources import records
from data_utils.sources.draft import draft, write_draft
from data_utils.sources.patients import Pseudonyms, salt_path
from data_utils.sources.records import Options

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\.")

LEADS = ("I", "II", "V1")
RATE = 100.0
HEAD = ["file", "patient_id", "date", "site", "age", "sex", "qtc", "diagnosis"]


def samples(number: int, length: int = 300) -> np.ndarray:
    """(length, 3) mV in steps of 5 µV, other ones for each number."""
    rng = np.random.default_rng(number)
    return np.clip(np.cumsum(rng.integers(-20, 21, (length, len(LEADS))), axis=0), -400, 400) * 0.005


def write_recording(path: Path, number: int, **changes: object) -> None:
    """One recording, in the format of the path's ending."""
    signal = changes.get("signal", samples(number))
    rate = changes.get("rate", RATE)
    leads = list(changes.get("leads", LEADS))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = {".hea": _wfdb, ".edf": _edf, ".h5": _hdf5, ".csv": _csv, ".npy": _numpy}[path.suffix]
    writer(path, np.asarray(signal), rate, leads)


def _wfdb(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    from data_utils.wfdb_records import wfdb

    wfdb.wrsamp(
        path.stem,
        fs=rate,
        units=["mV"] * len(leads),
        sig_name=leads,
        d_signal=np.where(np.isfinite(signal), np.round(signal * 200), -32768).astype(np.int64),
        fmt=["16"] * len(leads),
        adc_gain=[200] * len(leads),
        baseline=[0] * len(leads),
        write_dir=str(path.parent),
    )


def _edf(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    import pyedflib

    with pyedflib.EdfWriter(str(path), len(leads), pyedflib.FILETYPE_EDFPLUS) as file:
        for k, lead in enumerate(leads):
            header = {"label": f"ECG {lead}", "dimension": "uV", "sample_frequency": rate}
            limits = {"physical_min": -32768 * 5, "physical_max": 32767 * 5}
            header |= limits | {"digital_min": -32768, "digital_max": 32767}
            file.setSignalHeader(k, {**header, "transducer": "", "prefilter": ""})
        file.writeSamples([np.ascontiguousarray(column * 1000) for column in signal.T])


def _hdf5(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    with h5py.File(path, "w") as file:
        file["signal"] = signal.T
        file["signal"].attrs["sig_name"] = leads
        file.attrs["fs"] = rate


def _csv(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *leads])
        writer.writerows([[k / rate, *row] for k, row in enumerate(signal.tolist())])


def _numpy(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    np.save(path, signal)


def write_table(path: Path, rows: list[list[object]], head: list[str] = HEAD) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def row(number: int, **changes: object) -> list[object]:
    """Two recordings of each patient; AF in every third recording, LBBB in every second."""
    codes = [code for code, every in (("AF", 3), ("LBBB", 2)) if number % every == 0]
    values = {
        "file": f"rec{number:02d}",
        "patient_id": f"P{number // 2:04d}",
        "date": f"20{10 + number // 2:02d}-05-{1 + number % 2:02d}",
        "site": "north" if number % 4 < 2 else "south",
        "age": 40 + number,
        "sex": "F" if number % 4 < 2 else "M",
        "qtc": 400 + number,
        "diagnosis": ";".join(codes),
    }
    return list((values | changes).values())


def write_hospital(folder: Path, ending: str = ".npy", count: int = 24) -> Path:
    """A folder with `count` recordings and labels.csv, which `rarebeat data init` can look at."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_recording(folder / f"rec{number:02d}{ending}", number)
    write_table(folder / "labels.csv", [row(number) for number in range(count)])
    return folder


ENDINGS = (".hea", ".edf", ".h5", ".csv", ".npy")


def _mapped(folder: Path, **changes: object) -> Path:
    """The drafted mapping, mended."""
    path, _ = write_draft(folder, overwrite=True)
    mapping = yaml.safe_load(path.read_text())
    mapping["signal"] = {"rate": 100.0, "leads": list(LEADS)}
    mapping |= {"leads": list(LEADS), "rate": 100.0}
    mapping["columns"]["covariates"] = ["qtc"]
    for key, value in changes.items():
        mapping[key] = value
    path.write_text(yaml.safe_dump({k: v for k, v in mapping.items() if v is not None}, sort_keys=False))
    return path


def _built(folder: Path, mapping: Path | None = None, **options: object) -> Dataset:
    out = folder.parent / "x.h5"
    records.build(mapping or _mapped(folder), out, Options(**options), overwrite=True)
    return open_dataset(out)


def _left_out(dataset: Dataset) -> dict[str, dict]:
    return {entry["what"]: entry for entry in dataset.summary["left_out"]}


def _number(name: str) -> int:
    return int(name.removeprefix("rec"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_hospital(tmp_path / "ward")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_draft_of_any_format_can_be_built_and_keeps_every_sample(tmp_path: Path, ending: str) -> None:
    folder = write_hospital(tmp_path / "ward", ending, count=12)
    drafted = yaml.safe_load(draft(folder).text)
    assert drafted["ending"] == ending and drafted["labels"] == "labels.csv"
    expected = {"record": "file", "patient": "patient_id", "date": "date", "site": "site", "age": "age"}
    assert drafted["columns"] == expected | {"sex": "sex"}
    assert drafted["classes"]["values"] == {"AF": "AF", "LBBB": "LBBB"}
    dataset = _built(folder)
    sealed = open_dataset(sealed_path(dataset.path))
    for side in (dataset, sealed):
        for name, first, length in zip(
            side.recordings.name, side.recordings.first, side.recordings.length, strict=True
        ):
            # 16-bit EDF over +-163.84 mV has steps of 5 µV, those of the samples; so have the others.
            stored = side.samples[first : first + length]
            assert (stored == samples(_number(name)).astype(np.float16)).all()
    assert len(dataset.recordings.name) + len(sealed.recordings.name) == 12


def test_labels_covariates_and_patients_are_those_of_the_table(folder: Path) -> None:
    dataset = _built(folder)
    assert dataset.classes == ("LBBB", "AF") and dataset.task == "multilabel"
    assert dataset.covariates == ("age", "female", "qtc")
    for k, recording in enumerate(dataset.rows.recording):
        number = _number(dataset.recordings.name[recording])
        assert dataset.rows.target[k].tolist() == [number % 2 == 0, number % 3 == 0]
        assert dataset.rows.covariates[k].tolist() == [40 + number, number % 4 < 2, 400 + number]
    totals = [sum(s["classes"][c] for s in dataset.summary["splits"].values()) for c in ("LBBB", "AF")]
    assert totals == [12, 8]  # of 24: every second, every third


def test_patients_are_hashed_with_a_salt_that_is_beside_the_file_for_its_owner_alone(folder: Path) -> None:
    dataset = _built(folder)
    salt = salt_path(dataset.path)
    assert stat.S_IMODE(os.stat(salt).st_mode) == 0o600
    pseudonyms = Pseudonyms.beside(dataset.path)
    assert {pseudonyms.of(f"P{k:04d}") for k in range(12)} >= set(dataset.groups)
    for path in (dataset.path, sealed_path(dataset.path)):
        content = path.read_bytes()
        assert b"P0003" not in content and pseudonyms.salt not in content
        assert salt.read_bytes().strip() not in content
    again = _built(folder)
    assert again.digest == dataset.digest


def test_a_patients_name_in_a_files_name_is_hashed_too(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", count=0)
    rows = []
    for number in range(12):
        write_recording(folder / f"P{number // 2:04d}_{number}.npy", number)
        rows.append(row(number, file=f"P{number // 2:04d}_{number}"))
    write_table(folder / "labels.csv", rows)
    (folder / "P0001_2.npy").write_bytes(b"broken")
    dataset = _built(folder)
    content = dataset.path.read_bytes() + sealed_path(dataset.path).read_bytes()
    assert not [k for k in range(6) if f"P{k:04d}_".encode() in content.replace(b"P0001_2.npy cannot", b"")]


def test_no_patient_is_on_two_sides_and_both_recordings_of_one_go_together(folder: Path) -> None:
    dataset = _built(folder)
    sides = {}
    for each in dataset.summary["recordings"]:
        assert sides.setdefault(each["patient"], each["split"]) == each["split"]
    assert set(sides.values()) == set(SPLITS)


def test_by_date_the_latest_patients_are_sealed(folder: Path) -> None:
    dataset = _built(folder, split="date")
    years = {
        split: {_number(r["name"]) // 2 for r in dataset.summary["recordings"] if r["split"] == split}
        for split in SPLITS
    }
    assert max(years["train"]) < min(years["validation"]) <= max(years["validation"]) < min(years["test"])


def test_by_site_the_named_site_is_sealed(folder: Path) -> None:
    dataset = _built(folder, split="site", test_sites=("south",))
    for each in dataset.summary["recordings"]:
        assert (each["split"] == "test") == (_number(each["name"]) % 4 >= 2)
    assert dataset.summary["splits"]["validation"]["recordings"] > 0
    with pytest.raises(BadInput, match="--split site needs --test-sites: one or more of north, south"):
        _built(folder, split="site")


def test_strips_repeat_the_labels_and_leave_the_rest(folder: Path) -> None:
    dataset = _built(folder, strips=1.2)  # 120 of 300 samples: two strips, 60 samples of neither
    assert len(dataset) == 2 * len(dataset.recordings.name)
    assert dataset.rows.start[:2].tolist() == [0, 120] and set(dataset.rows.length) == {120}
    assert (dataset.rows.target[::2] == dataset.rows.target[1::2]).all()
    half = _built(folder, strips=1.2, overlap=0.5)
    assert half.rows.start[:4].tolist() == [0, 60, 120, 180]


def _planted(folder: Path) -> dict[str, str]:
    """Everything wrong at once, recording by recording: name -> reason."""
    rows = [row(number) for number in range(24)]
    np.save(folder / "rec01.npy", np.full((300, 3), np.nan))
    np.save(folder / "rec02.npy", np.ones((300, 3)))
    np.save(folder / "rec03.npy", np.zeros((0, 3)))
    np.save(folder / "rec04.npy", samples(9))
    np.save(folder / "rec06.npy", np.zeros((300, 6)))
    (folder / "rec07.npy").write_bytes((folder / "rec08.npy").read_bytes()[:500])
    (folder / "rec10.npy").unlink()
    np.save(folder / "rec11.npy", samples(11) * 1e6)
    rows[12] = row(12, patient_id="")
    np.save(folder / "other.npy", samples(99))
    write_table(folder / "labels.csv", rows)
    return {
        "rec01": "has no known sample: all are NaN",
        "rec02": "is flat on every lead",
        "rec03": "has no samples",
        "rec09": "the same signal as rec04",
        "rec06": "of the shape (300, 6), which does not fit 3 leads",
        "rec07": "rec07.npy cannot be read (ValueError",
        "rec10": "in labels.csv, not in the folder",
        "rec11": "reaches beyond 65 V",
        "rec12": "has no patient in labels.csv",
        "1 recordings": "in the folder, not in labels.csv",
    }


def test_what_cannot_be_used_is_named_and_counted_and_the_rest_goes_on(folder: Path) -> None:
    expected = _planted(folder)
    dataset = _built(folder)
    left_out = _left_out(dataset)
    assert set(left_out) == set(expected)
    for what, reason in expected.items():
        assert reason in left_out[what]["reason"] and left_out[what]["recordings"] == 1
    counts = [s["recordings"] for s in dataset.summary["splits"].values()]
    assert sum(counts) == 25 - len(expected)


def test_missing_samples_stay_missing(folder: Path) -> None:
    gap = samples(5)
    gap[10:20, 1] = np.nan
    np.save(folder / "rec05.npy", gap)
    dataset = _built(folder)
    sealed = open_dataset(sealed_path(dataset.path))
    side = dataset if "rec05" in dataset.recordings.name else sealed
    first = side.recordings.first[side.recordings.name.tolist().index("rec05")]
    assert np.flatnonzero(np.isnan(side.samples[first : first + 300]).any(axis=1)).tolist() == [
        *range(10, 20)
    ]


def test_a_missing_lead_is_refused_or_zero_as_asked(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", ".h5")
    write_recording(folder / "rec03.h5", 3, leads=("I", "II"), signal=samples(3)[:, :2])
    assert _left_out(_built(folder))["rec03"]["reason"] == "no lead named V1; it has I, II"
    dataset = _built(folder, missing_leads="zero")
    assert "rec03" not in _left_out(dataset)


def test_mixed_rates_are_resampled_to_one(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", ".h5")
    slow = np.sin(2 * np.pi * 5 * np.arange(600) / 200)[:, None] * np.ones(3)  # 5 Hz, 3 s at 200 Hz
    write_recording(folder / "rec03.h5", 3, rate=200.0, signal=slow)
    dataset = _built(folder)
    sealed = open_dataset(sealed_path(dataset.path))
    side = dataset if "rec03" in dataset.recordings.name else sealed
    k = side.recordings.name.tolist().index("rec03")
    assert side.recordings.length[k] == 300
    stored = side.samples[side.recordings.first[k] :][:300, 0].astype(float)
    expected = np.sin(2 * np.pi * 5 * np.arange(300) / 100)
    assert np.abs(stored - expected)[30:-30].max() < 0.02


def test_quality_control_says_what_fails(folder: Path) -> None:
    dataset = _built(folder)
    assert not dataset.summary["left_out"]
    with pytest.raises(BadInput, match=r"left out: rec00 \(quality: duration 3 s, below 8 s"):
        _built(folder, quality=True)


def test_codes_that_are_no_class_are_said_but_their_recordings_stay(folder: Path) -> None:
    rows = [row(number) for number in range(24)]
    rows[5] = row(5, diagnosis="AFF")
    write_table(folder / "labels.csv", rows)
    classes = {"column": "diagnosis", "separator": ";", "values": {"AF": "AF", "LBBB": "LBBB"}}
    dataset = _built(folder, _mapped(folder, classes=classes))
    assert _left_out(dataset)["diagnosis AFF"]["reason"] == "no class of the mapping; 1 recordings have it"
    assert sum(s["recordings"] for s in dataset.summary["splits"].values()) == 24


def test_columns_of_one_and_zero_may_be_unknown(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward")
    head = ["file", "patient_id", "AF", "LBBB"]
    rows = [[f"rec{k:02d}", f"P{k // 2}", k % 2, "" if k < 4 else k % 3 == 0] for k in range(24)]
    rows[3][2] = "maybe"
    write_table(folder / "labels.csv", rows, head)
    mapping = _mapped(
        folder, columns={"record": "file", "patient": "patient_id"}, classes={"columns": ["AF", "LBBB"]}
    )
    dataset = _built(folder, mapping)
    sealed = open_dataset(sealed_path(dataset.path))
    targets = {
        name: target
        for side in (dataset, sealed)
        for name, target in zip(side.recordings.name.tolist(), side.rows.target.tolist(), strict=True)
    }
    assert targets["rec01"] == [1, 255] and targets["rec06"] == [0, 1] and targets["rec05"] == [1, 0]
    assert "'maybe' in column AF" in _left_out(dataset)["rec03"]["reason"]


def test_a_record_named_once_for_each_diagnosis_has_them_all(folder: Path) -> None:
    rows = [row(number) for number in range(24)]
    rows += [row(1, diagnosis="AF"), row(1, diagnosis="LBBB")]
    write_table(folder / "labels.csv", rows)
    dataset = _built(folder)
    counted = next(r for r in dataset.summary["recordings"] if r["name"] == "rec01")
    assert counted["classes"] == {"AF": 1, "LBBB": 1}


def test_without_patients_the_file_says_so(folder: Path) -> None:
    mapping = _mapped(folder, columns={"record": "file"})
    dataset = _built(folder, mapping)
    assert not dataset.groups_known
    assert "No column names the patient" not in " ".join(draft(folder).questions)
    write_table(folder / "labels.csv", [[f"rec{k:02d}", "AF"] for k in range(24)], ["file", "dx"])
    assert any("No column names the patient" in question for question in draft(folder).questions)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"colums": {}}, "colums is not known, did you mean columns?"),
        ({"ending": ".xml"}, "ending: .xml must be one of"),
        ({"task": "multi"}, "task: multi must be multilabel or multiclass"),
        (
            {"columns": {"record": "fil"}},
            "has no column 'fil': did you mean 'file'?".replace("'file'", "file"),
        ),
        ({"columns": {"patient": "patient_id"}}, "columns: record: must name"),
        ({"classes": {"column": "diagnosis"}}, "needs either column: and values:, or columns:"),
        ({"labels": "none.csv"}, "There is no table"),
        ({"recordings": "nowhere"}, "there is no folder"),
        (
            {"classes": {"column": "diagnosis", "values": {"AF": "A F", "LBBB": "A/F"}}},
            "cannot be told apart",
        ),
        ({"classes": None}, "has no classes"),
        ({"rate": None}, "must say what is stored"),
    ],
)
def test_a_wrong_mapping_is_one_sentence_and_writes_nothing(
    folder: Path, changes: dict, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence.replace("?", r"\?")):
        _built(folder, _mapped(folder, **changes))
    assert [path.name for path in folder.parent.iterdir()] == ["ward"]


def test_a_record_of_two_patients_is_refused(folder: Path) -> None:
    rows = [row(number) for number in range(24)]
    write_table(folder / "labels.csv", [*rows, row(0, patient_id="P9999")])
    with pytest.raises(BadInput, match="record rec00 is of two patients"):
        _built(folder)


def test_a_table_with_a_short_row_names_the_row(folder: Path) -> None:
    table = folder / "labels.csv"
    mapping = _mapped(folder)
    lines = table.read_text().splitlines()
    lines[3] = lines[3].rsplit(",", 2)[0]
    table.write_text("\n".join(lines))
    with pytest.raises(BadInput, match=r"labels.csv, row 4 has 6 columns, not 8 like its first line"):
        _built(folder, mapping)


def test_one_class_for_each_recording_where_the_task_is_multiclass(folder: Path) -> None:
    dataset = _built(folder, _mapped(folder, task="multiclass"))
    assert dataset.task == "multiclass"
    # Of 0..23, 0 6 12 18 are of both classes, and 1 5 7 11 13 17 19 23 of none.
    assert len(_left_out(dataset)) == 12
    assert "is of 2 classes" in _left_out(dataset)["rec06"]["reason"]


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_that_cannot_be_drafted_is_one_sentence(tmp_path: Path, empty: bool) -> None:
    if not empty:
        write_recording(tmp_path / "rec00.npy", 0)
    with pytest.raises(
        BadInput, match="has no recordings" if empty else "No table in .* names its recordings"
    ):
        write_draft(tmp_path)


def test_the_recipe_is_kept_in_the_file(folder: Path) -> None:
    dataset = _built(folder, rate=50.0, band_pass=(0.5, 20.0))
    assert dataset.rate == 50 and dataset.preparation["recipe"]["band_pass"] == [0.5, 20.0]
    with h5py.File(dataset.path) as file:
        assert file["samples"].shape[0] == 150 * len(dataset.recordings.name)
