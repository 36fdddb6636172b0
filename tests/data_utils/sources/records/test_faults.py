"""What is wrong in a hospital's folder: left out and counted, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_utils.errors import BadInput, BadRecord
from data_utils.sources.draft import write_draft
from data_utils.sources.formats import Said, read_file
from tests.data_utils.sources.records.hospital import (
    build,
    left_out_of,
    mapped,
    row,
    samples,
    write_recording,
    write_table,
)


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
    np.save(folder / "rec13.npy", samples(13) + np.array([0, 300, 0]))
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
        "rec13": "II lies about 300 mV from 0, where it would be stored in steps of 0.25 mV",
        "1 recordings": "in the folder, not in labels.csv",
    }


def test_what_cannot_be_used_is_named_and_counted_and_the_rest_goes_on(folder: Path) -> None:
    expected = _planted(folder)
    dataset = build(folder)
    left_out = left_out_of(dataset)
    assert set(left_out) == set(expected)
    for what, reason in expected.items():
        assert reason in left_out[what]["reason"] and left_out[what]["recordings"] == 1
    counts = [s["recordings"] for s in dataset.summary["splits"].values()]
    assert sum(counts) == 25 - len(expected)


def test_an_offset_that_is_filtered_away_is_none(folder: Path) -> None:
    np.save(folder / "rec13.npy", samples(13) + np.array([0, 300, 0]))
    assert not left_out_of(build(folder, band_pass=(0.5, 40.0)))


@pytest.mark.parametrize("quality", [False, True])
def test_recordings_without_any_of_the_leads_are_named(folder: Path, quality: bool) -> None:
    with pytest.raises(BadInput, match=r"rec00 \(is flat on every lead\)"):
        build(folder, leads=("aVR",), missing_leads="zero", quality=quality)


def test_a_damaged_archive_is_a_bad_record(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, signal=samples(0))
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(BadRecord, match=r"a.npz cannot be read \(BadZipFile"):
        read_file(path, Said(rate=100.0, leads=("I", "II", "V1")))


def test_quality_control_says_what_fails(folder: Path) -> None:
    dataset = build(folder)
    assert not dataset.summary["left_out"]
    with pytest.raises(BadInput, match=r"left out: rec00 \(quality: duration 3 s, below 8 s"):
        build(folder, quality=True)


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
        ({"rate": "100 Hz"}, "rate: 100 Hz must be a positive number"),
        ({"signal": {"rate": "100 Hz"}}, "signal: rate: 100 Hz must be a positive number"),
        ({"columns": {"record": ["file"]}}, "columns: record: must be one name"),
        ({"classes": {"column": "diagnosis", "separator": "", "values": ["AF"]}}, "separator: must be what"),
    ],
)
def test_a_wrong_mapping_is_one_sentence_and_writes_nothing(
    folder: Path, changes: dict, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence.replace("?", r"\?")):
        build(folder, mapped(folder, **changes))
    assert [path.name for path in folder.parent.iterdir()] == ["ward"]


def test_a_table_with_a_short_row_names_the_row(folder: Path) -> None:
    table = folder / "labels.csv"
    mapping = mapped(folder)
    lines = table.read_text().splitlines()
    lines[3] = lines[3].rsplit(",", 2)[0]
    table.write_text("\n".join(lines))
    with pytest.raises(BadInput, match=r"labels.csv, row 4 has 6 columns, not 8 like its first line"):
        build(folder, mapping)


def test_a_table_with_semicolons_or_a_column_twice_is_refused(folder: Path) -> None:
    mapping, table = mapped(folder), folder / "labels.csv"
    content = table.read_text()
    table.write_text(content.replace(";", "/").replace(",", ";"))
    for read in (lambda: build(folder, mapping), lambda: write_draft(folder, overwrite=True)):
        with pytest.raises(BadInput, match=r"labels.csv has no commas between its columns"):
            read()
    table.write_text(content.replace("site", "age"))
    with pytest.raises(BadInput, match=r"labels.csv has two columns 'age'"):
        build(folder, mapped(folder, columns={"record": "file", "age": "age"}))


def test_another_csv_does_not_keep_a_folder_from_being_drafted(folder: Path) -> None:
    (folder / "a.csv").write_text("two,columns\nand a line of one\n")
    path, _ = write_draft(folder)
    assert "labels: labels.csv" in path.read_text()


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_that_cannot_be_drafted_is_one_sentence(tmp_path: Path, empty: bool) -> None:
    if not empty:
        write_recording(tmp_path / "rec00.npy", 0)
    with pytest.raises(
        BadInput, match="has no recordings" if empty else "No table in .* names its recordings"
    ):
        write_draft(tmp_path)
