"""PTB-XL itself: its own table counted another way, and its own samples. Takes them from ECG_DATA."""

from __future__ import annotations

import ast
import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.layout import test_path as sealed_path
from data_utils.sources import ptb_xl
from data_utils.wfdb_records import wfdb

FOLDER = Path(os.environ.get("ECG_DATA", "")) / "ptb-xl"
pytestmark = [
    pytest.mark.skipif(
        "ECG_DATA" not in os.environ or not FOLDER.is_dir(), reason="ECG_DATA names no folder with ptb-xl/"
    ),
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\."),
]


def _table() -> list[dict]:
    with (FOLDER / "ptbxl_database.csv").open() as file:
        return list(csv.DictReader(file))


def _side(fold: str) -> str:
    return {"9": "validation", "10": "test"}.get(fold, "train")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("ptb-xl") / "x.h5"
    assert ptb_xl.build(FOLDER, path) == []
    return open_dataset(path)


def test_superclasses_by_split_are_those_of_the_table(dataset: Dataset) -> None:
    with (FOLDER / "scp_statements.csv").open() as file:
        superclass = {r[""]: r["diagnostic_class"] for r in csv.DictReader(file) if r["diagnostic"] == "1.0"}
    counted: Counter = Counter()
    for row in _table():
        for name in {superclass[code] for code in ast.literal_eval(row["scp_codes"]) if code in superclass}:
            counted[_side(row["strat_fold"]), name] += 1
    assert len(counted) == 15
    for split, counts in dataset.summary["splits"].items():
        assert counts["classes"] == {
            name: counted[split, name] for name in ("CD", "HYP", "MI", "NORM", "STTC")
        }


def test_all_71_statements_are_counted_too(tmp_path: Path) -> None:
    ptb_xl.build(FOLDER, tmp_path / "x.h5", ptb_xl.Options(labels="all", rate=500.0))
    dataset = open_dataset(tmp_path / "x.h5")
    assert len(dataset.classes) == 71
    here = [row for row in _table() if (FOLDER / f"{row['filename_hr']}.hea").is_file()]
    counted = Counter(code.replace("/", "_") for row in here for code in ast.literal_eval(row["scp_codes"]))
    splits = dataset.summary["splits"].values()
    totals = {name: sum(split["classes"][name] for split in splits) for name in dataset.classes}
    assert {name: count for name, count in totals.items() if count} == counted
    assert sum(e["recordings"] for e in dataset.summary["left_out"]) == len(_table()) - len(here) == 300


def test_sides_patients_and_folds_are_the_published_ones(dataset: Dataset) -> None:
    by_name = {Path(row["filename_lr"]).name: row for row in _table()}
    assert len(dataset.summary["recordings"]) == len(by_name) == 400
    for each in dataset.summary["recordings"]:
        row = by_name[each["name"]]
        assert each["split"] == _side(row["strat_fold"]) and each["patient"] == row["patient_id"][:-2]
        assert each["fold"] in (None, int(row["strat_fold"]) - 1)


def test_every_row_is_its_recording_sample_for_sample(dataset: Dataset) -> None:
    for side in (dataset, open_dataset(sealed_path(dataset.path))):
        for name, first in list(zip(side.recordings.name, side.recordings.first, strict=True))[::10]:
            record = wfdb.rdrecord(str(FOLDER / "records100" / "00000" / name), physical=False)
            # The published files hold µV.
            expected = (record.d_signal / 1000).astype(np.float16)
            assert record.adc_gain == [1000.0] * 12 and record.baseline == [0] * 12
            assert (side.samples[first : first + 1000] == expected).all()
