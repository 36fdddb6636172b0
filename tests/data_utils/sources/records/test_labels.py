"""The table of a hospital's labels: classes, covariates, codes that are no class."""

from __future__ import annotations

from pathlib import Path

from data_utils.dataset import open_dataset
from data_utils.layout import test_path as sealed_path
from tests.data_utils.sources.records.hospital import (
    build,
    left_out_of,
    mapped,
    number_of,
    row,
    write_hospital,
    write_table,
)


def test_labels_covariates_and_patients_are_those_of_the_table(folder: Path) -> None:
    dataset = build(folder)
    assert dataset.classes == ("LBBB", "AF") and dataset.task == "multilabel"
    assert dataset.covariates == ("age", "female", "qtc")
    for k, recording in enumerate(dataset.rows.recording):
        number = number_of(dataset.recordings.name[recording])
        assert dataset.rows.target[k].tolist() == [number % 2 == 0, number % 3 == 0]
        assert dataset.rows.covariates[k].tolist() == [40 + number, number % 4 < 2, 400 + number]
    totals = [sum(s["classes"][c] for s in dataset.summary["splits"].values()) for c in ("LBBB", "AF")]
    assert totals == [12, 8]  # of 24: every second, every third


def test_a_sex_that_is_not_told_is_unknown_and_not_male(folder: Path) -> None:
    rows = [row(number, sex=("'F'", "M", "unknown", "")[number % 4]) for number in range(24)]
    write_table(folder / "labels.csv", rows)
    dataset = build(folder)
    for k, recording in enumerate(dataset.rows.recording):
        number = number_of(dataset.recordings.name[recording])
        assert str(dataset.rows.covariates[k, 1]) == ("1.0", "0.0", "nan", "nan")[number % 4]


def test_numbers_and_single_names_in_a_mapping_are_names(folder: Path) -> None:
    write_table(folder / "labels.csv", [row(number, sex=1 + number % 2) for number in range(24)])
    dataset = build(folder, mapped(folder, female=1, leads="V1, I"))
    assert dataset.leads == ("V1", "I")
    for k, recording in enumerate(dataset.rows.recording):
        number = number_of(dataset.recordings.name[recording])
        assert dataset.rows.covariates[k, 1] == (number % 2 == 0)


def test_codes_that_are_no_class_are_said_but_their_recordings_stay(folder: Path) -> None:
    rows = [row(number) for number in range(24)]
    rows[5] = row(5, diagnosis="AFF")
    write_table(folder / "labels.csv", rows)
    classes = {"column": "diagnosis", "separator": ";", "values": {"AF": "AF", "LBBB": "LBBB"}}
    dataset = build(folder, mapped(folder, classes=classes))
    assert left_out_of(dataset)["diagnosis AFF"]["reason"] == "no class of the mapping; 1 recordings have it"
    assert sum(s["recordings"] for s in dataset.summary["splits"].values()) == 24


def test_columns_of_one_and_zero_may_be_unknown(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward")
    head = ["file", "patient_id", "AF", "LBBB"]
    rows = [[f"rec{k:02d}", f"P{k // 2}", k % 2, "" if k < 4 else k % 3 == 0] for k in range(24)]
    rows[3][2] = "maybe"
    write_table(folder / "labels.csv", rows, head)
    mapping = mapped(
        folder, columns={"record": "file", "patient": "patient_id"}, classes={"columns": ["AF", "LBBB"]}
    )
    dataset = build(folder, mapping)
    sealed = open_dataset(sealed_path(dataset.path))
    targets = {
        name: target
        for side in (dataset, sealed)
        for name, target in zip(side.recordings.name.tolist(), side.rows.target.tolist(), strict=True)
    }
    assert targets["rec01"] == [1, 255] and targets["rec06"] == [0, 1] and targets["rec05"] == [1, 0]
    assert "'maybe' in column AF" in left_out_of(dataset)["rec03"]["reason"]


def test_a_record_named_once_for_each_diagnosis_has_them_all(folder: Path) -> None:
    rows = [row(number) for number in range(24)]
    rows += [row(1, diagnosis="AF"), row(1, diagnosis="LBBB")]
    write_table(folder / "labels.csv", rows)
    dataset = build(folder)
    counted = next(r for r in dataset.summary["recordings"] if r["name"] == "rec01")
    assert counted["classes"] == {"AF": 1, "LBBB": 1}


def test_one_class_for_each_recording_where_the_task_is_multiclass(folder: Path) -> None:
    dataset = build(folder, mapped(folder, task="multiclass"))
    assert dataset.task == "multiclass"
    # Of 0..23, 0 6 12 18 are of both classes, and 1 5 7 11 13 17 19 23 of none.
    assert len(left_out_of(dataset)) == 12
    assert "is of 2 classes" in left_out_of(dataset)["rec06"]["reason"]
