"""A made-up folder of PTB-XL's form."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.sources import ptb_xl
from tests.data_utils.sources.recordings import left_out, steps, stored, targets, write_wfdb

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\.")

SCP = (
    ("NORM", "normal ECG", 1, "", "", "NORM", "NORM"),
    ("IMI", "inferior infarction", 1, "", "", "MI", "IMI"),
    ("LAFB", "left anterior fascicular block", 1, "", "", "CD", "LAFB/LPFB"),
    ("NDT", "non-diagnostic T", 1, 1, "", "STTC", "STTC"),
    ("SR", "sinus rhythm", "", "", 1, "", ""),
)
ROWS = (  # ecg_id, patient, age, sex, codes, fold
    (1, "11.0", "56.0", "1", "{'NORM': 100.0, 'SR': 0.0}", 1),
    (2, "11.0", "57.0", "1", "{'IMI': 0.0, 'LAFB': 100.0}", 1),
    (3, "12.0", "300.0", "0", "{'SR': 0.0}", 2),
    (4, "13.0", "", "", "{'NDT': 100.0}", 9),
    (5, "14.0", "40.0", "0", "{'NORM': 80.0}", 10),
    (6, "15.0", "41.0", "0", "{'NORM': 80.0}", 3),
)


def write_ptb_xl(folder: Path, rows=ROWS) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "scp_statements.csv").open("w", newline="") as file:
        head = ["", "description", "diagnostic", "form", "rhythm", "diagnostic_class", "diagnostic_subclass"]
        csv.writer(file).writerows([head, *SCP])
    head = "ecg_id,patient_id,age,sex,scp_codes,strat_fold,filename_lr,filename_hr"
    with (folder / "ptbxl_database.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head.split(","))
        for ecg_id, patient, age, sex, codes, fold in rows:
            low = f"records100/00000/{ecg_id:05d}_lr"
            writer.writerow([ecg_id, patient, age, sex, codes, fold, low, low.replace("100", "500")])
            if ecg_id != 6 and not (folder / f"{low}.hea").exists():
                write_wfdb(folder / "records100" / "00000", f"{ecg_id:05d}_lr", ecg_id)
    return folder


def _ptb_xl(folder: Path, **options: object) -> Dataset:
    out = folder.parent / "x.h5"
    ptb_xl.build(folder, out, ptb_xl.Options(**options), overwrite=True)
    return open_dataset(out)


@pytest.mark.parametrize(
    ("labels", "classes", "second"),
    [
        ("all", ("IMI", "LAFB", "NDT", "NORM", "SR"), (1, 1, 0, 0, 0)),
        ("diagnostic", ("IMI", "LAFB", "NDT", "NORM"), (1, 1, 0, 0)),
        ("superclass", ("CD", "MI", "NORM", "STTC"), (1, 1, 0, 0)),
        ("subclass", ("IMI", "LAFB_LPFB", "NORM", "STTC"), (1, 1, 0, 0)),
        ("form", ("NDT",), (0,)),
        ("rhythm", ("SR",), (0,)),
    ],
)
def test_ptb_xl_statements_become_classes_as_the_table_groups_them(
    tmp_path: Path, labels: str, classes: tuple, second: tuple
) -> None:
    dataset = _ptb_xl(write_ptb_xl(tmp_path / "ptb-xl"), labels=labels)
    assert dataset.classes == classes
    assert tuple(targets(dataset)["00002_lr"].values()) == second


def test_ptb_xl_keeps_its_folds_patients_ages_and_what_is_not_there(tmp_path: Path) -> None:
    dataset = _ptb_xl(write_ptb_xl(tmp_path / "ptb-xl"))
    splits = {r["name"]: (r["split"], r["fold"], r["patient"]) for r in dataset.summary["recordings"]}
    assert splits["00002_lr"] == ("train", 0, "11") and splits["00004_lr"] == ("validation", 8, "13")
    assert splits["00005_lr"][0] == "test"
    assert dataset.rows.covariates[1].tolist() == [57, 1]
    assert dataset.rows.covariates[2].tolist() == [89, 0]  # 300 stands for everybody older than 89
    assert np.isnan(dataset.rows.covariates[3]).all()
    assert left_out(dataset) == {"6": "in ptbxl_database.csv, not in the folder"}
    assert dataset.summary["left_out"][0]["classes"] == {"NORM": 1}
    # A recording of no superclass is an example of none, unless that is not wanted.
    assert not any(targets(dataset)["00003_lr"].values())
    assert (
        left_out(_ptb_xl(tmp_path / "ptb-xl", drop_unlabelled=True))["00003_lr"] == "of none of the classes"
    )


def test_ptb_xl_samples_are_those_of_the_record_in_the_order_asked_for(tmp_path: Path) -> None:
    dataset = _ptb_xl(write_ptb_xl(tmp_path / "ptb-xl"), leads=("v2", "I"))
    expected = steps(2, 1000, 12)[:, [7, 0]] / 1000
    assert (stored(dataset, "00002_lr") == expected.astype(np.float16)).all()


def test_ptb_xl_refuses_a_patient_on_two_sides(tmp_path: Path) -> None:
    rows = [*ROWS[:5], (7, "14.0", "40.0", "0", "{'NORM': 80.0}", 2)]
    with pytest.raises(BadInput, match="Patient 14 is on two sides of the published split"):
        _ptb_xl(write_ptb_xl(tmp_path / "ptb-xl", rows))
    assert not (tmp_path / "x.h5").exists()


def test_ptb_xl_refuses_codes_that_are_no_dictionary(tmp_path: Path) -> None:
    rows = [(1, "11.0", "56.0", "1", "NORM", 1)]
    with pytest.raises(BadInput, match="scp_codes of ecg_id 1 are not written as"):
        _ptb_xl(write_ptb_xl(tmp_path / "ptb-xl", rows))


@pytest.mark.parametrize(("column", "row"), [("patient_id", ("", 1)), ("strat_fold", ("11.0", ""))])
def test_ptb_xl_refuses_a_row_without_patient_or_fold(tmp_path: Path, column: str, row: tuple) -> None:
    rows = [(1, row[0], "56.0", "1", "{'NORM': 100.0}", row[1])]
    with pytest.raises(BadInput, match=f"{column} of ecg_id 1 must be a whole number: ''"):
        _ptb_xl(write_ptb_xl(tmp_path / "ptb-xl", rows))


def test_strips_of_no_sample_are_refused() -> None:
    for options in ({"strips": 0.001}, {"strips": 1.0, "overlap": 0.999}):
        with pytest.raises(BadInput, match="make strips longer, or overlap them less"):
            ptb_xl.Options(**options)


def test_ptb_xl_names_the_table_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no table .*scp_statements\.csv"):
        _ptb_xl(tmp_path)
