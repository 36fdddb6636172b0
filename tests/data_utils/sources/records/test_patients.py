"""A hospital's patients: hashed, on one side of the split each, or unknown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
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


@pytest.mark.parametrize(
    ("name", "patient", "found"),
    [
        ("ward/ab_1", "AB", "ward/#_1"),
        ("AB001", "AB", "#001"),
        ("lab_1", "AB", "lab_1"),  # by accident
        ("p07_3", "7", "p0#_3"),
        ("17_71", "7", "17_71"),
        ("7/7_2", "7", "#/#_2"),
        ("王伟心电图", "王伟", "#心电图"),
        ("rec01", "", "rec01"),
    ],
)
def test_a_short_name_is_found_where_it_stands_by_itself(name: str, patient: str, found: str) -> None:
    pseudonyms = Pseudonyms(b"salt")
    assert pseudonyms.within(name, patient) == found.replace("#", pseudonyms.of(patient))


def test_short_names_in_files_names_are_in_no_data_file(tmp_path: Path) -> None:
    folder = write_hospital(tmp_path / "ward", count=0)
    initials = ("IN", "NO", "AB", "XY", "QU", "ZÜ")
    rows = []
    for number in range(12):
        name = f"{initials[number // 2]}/{initials[number // 2]}_{number}"
        write_recording(folder / f"{name}.npy", number)
        rows.append(row(number, file=name, patient_id=initials[number // 2]))
    write_table(folder / "labels.csv", rows)
    (folder / "IN/IN_0.npy").write_bytes(b"broken")
    np.save(folder / "NO/NO_2.npy", np.zeros((300, 5)))
    dataset = build(folder)
    recordings = [*dataset.summary["recordings"], *dataset.summary["left_out"]]
    said = " ".join(f"{each.get('name')} {each.get('what')}" for each in recordings)
    assert not [one for one in initials if f"{one}/" in said or f"{one}_" in said]
    reasons = {each["reason"] for each in dataset.summary["left_out"]}
    # A sentence has words and numbers of its own, which would say whose hash it is.
    assert "of the shape (300, 5), which does not fit 3 leads" in reasons
    (broken,) = (reason for reason in reasons if "cannot be read" in reason)
    assert broken.startswith(f"{Pseudonyms.beside(dataset.path).of('IN')}_0.npy cannot be read")


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
