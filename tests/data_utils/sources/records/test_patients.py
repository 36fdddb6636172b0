"""A hospital's patients: hashed, on one side of the split each, or unknown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from data_utils.errors import BadInput
from data_utils.layout import SPLITS
from data_utils.layout import test_path as sealed_path
from data_utils.sources.draft import draft
from data_utils.sources.patients import Pseudonyms, salt_path
from tests.data_utils.sources.records.hospital import (
    build,
    mapped,
    number_of,
    row,
    write_hospital,
    write_recording,
    write_table,
)


def test_patients_are_hashed_with_a_salt_that_is_beside_the_file_for_its_owner_alone(folder: Path) -> None:
    dataset = build(folder)
    salt = salt_path(dataset.path)
    assert stat.S_IMODE(os.stat(salt).st_mode) == 0o600
    pseudonyms = Pseudonyms.beside(dataset.path)
    assert {pseudonyms.of(f"P{k:04d}") for k in range(12)} >= set(dataset.groups)
    for path in (dataset.path, sealed_path(dataset.path)):
        content = path.read_bytes()
        assert b"P0003" not in content and pseudonyms.salt not in content
        assert salt.read_bytes().strip() not in content
    again = build(folder)
    assert again.digest == dataset.digest


def test_a_patients_name_in_a_files_name_is_hashed_too(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", count=0)
    rows = []
    for number in range(12):
        write_recording(folder / f"P{number // 2:04d}_{number}.npy", number)
        rows.append(row(number, file=f"P{number // 2:04d}_{number}"))
    write_table(folder / "labels.csv", rows)
    (folder / "P0001_2.npy").write_bytes(b"broken")
    dataset = build(folder)
    content = dataset.path.read_bytes() + sealed_path(dataset.path).read_bytes()
    assert b"_2.npy cannot be read" in content
    assert not [k for k in range(6) if f"P{k:04d}".encode() in content]


def test_a_patients_name_is_found_in_capitals_too() -> None:
    pseudonyms = Pseudonyms(b"salt")
    assert pseudonyms.within("ward/MEIER_1", "Meier") == f"ward/{pseudonyms.of('Meier')}_1"
    assert pseudonyms.within("rec01", "01") == "rec01"  # too short: it would be found by accident


def test_no_patient_is_on_two_sides_and_both_recordings_of_one_go_together(folder: Path) -> None:
    dataset = build(folder)
    sides = {}
    for each in dataset.summary["recordings"]:
        assert sides.setdefault(each["patient"], each["split"]) == each["split"]
    assert set(sides.values()) == set(SPLITS)


def test_by_date_the_latest_patients_are_sealed(folder: Path) -> None:
    dataset = build(folder, split="date")
    years = {
        split: {number_of(r["name"]) // 2 for r in dataset.summary["recordings"] if r["split"] == split}
        for split in SPLITS
    }
    assert max(years["train"]) < min(years["validation"]) <= max(years["validation"]) < min(years["test"])


def test_by_site_the_named_site_is_sealed(folder: Path) -> None:
    dataset = build(folder, split="site", test_sites=("south",))
    for each in dataset.summary["recordings"]:
        assert (each["split"] == "test") == (number_of(each["name"]) % 4 >= 2)
    assert dataset.summary["splits"]["validation"]["recordings"] > 0
    with pytest.raises(BadInput, match="--split site needs --test-sites: one or more of north, south"):
        build(folder, split="site")


def test_without_patients_the_file_says_so(folder: Path) -> None:
    mapping = mapped(folder, columns={"record": "file"})
    dataset = build(folder, mapping)
    assert not dataset.groups_known
    assert "No column names the patient" not in " ".join(draft(folder).questions)
    write_table(folder / "labels.csv", [[f"rec{k:02d}", "AF"] for k in range(24)], ["file", "dx"])
    assert any("No column names the patient" in question for question in draft(folder).questions)


def test_a_record_of_two_patients_is_refused(folder: Path) -> None:
    rows = [row(number) for number in range(24)]
    write_table(folder / "labels.csv", [*rows, row(0, patient_id="P9999")])
    with pytest.raises(BadInput, match="record rec00 is of two patients"):
        build(folder)
