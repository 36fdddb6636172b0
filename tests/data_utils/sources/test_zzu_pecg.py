"""A made-up folder of ZZU-pECG's form."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.sources import zzu_pecg
from data_utils.sources.options import TWELVE
from tests.data_utils.sources.recordings import left_out, stored, targets, write_wfdb

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\.")

NINE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V3", "V5")


def write_zzu(folder: Path) -> Path:
    codes = ["'Q21.0'", "'(F) I40.0';'Q21.1'", "'Z00.0'", "'M30.3'", "'Q24.9'", ""]
    head = "Filename,ECG_ID,Patient_ID,Age,Gender,Acquisition_date,Sampling_point,Lead,AHA_code,CHN_code"
    rows = [[*head.split(","), "ICD-10 code", "pSQI", "basSQI", "bSQI"]]
    for number in range(12):
        name, nine = f"P{number // 2:05d}/P{number // 2:05d}_E{number:02d}", number % 3 == 0
        leads, length = (NINE if nine else TWELVE), 500 * (5 + number)
        write_wfdb(folder / Path(name).parent, Path(name).name, number, length, 500, leads)
        cells = [
            name,
            f"E{number:02d}",
            f"P{number // 2:05d}",
            "730d",
            "'Female'",
            "2020",
            length,
            len(leads),
        ]
        rows.append([*cells, "", "", codes[number % 6], "'I':0.3", "'I':0.9", "'I':0.9"])
    with (folder / "AttributesDictionary.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def _zzu(folder: Path, **options: object) -> Dataset:
    out = folder.parent / "x.h5"
    zzu_pecg.build(folder, out, zzu_pecg.Options(**options), overwrite=True)
    return open_dataset(out)


def test_all_icd_codes_of_a_child_count_and_vsd_is_not_healthy(tmp_path: Path) -> None:
    dataset = _zzu(write_zzu(tmp_path / "zzu"))
    assert dataset.classes == ("Myocarditis", "Cardiomyopathy", "Kawasaki", "CHD", "Healthy")
    by_name = targets(dataset)
    found = [{c for c, v in by_name[f"P{k // 2:05d}_E{k:02d}"].items() if v == 1} for k in range(6)]
    assert found == [{"CHD"}, {"Myocarditis", "CHD"}, {"Healthy"}, {"Kawasaki"}, set(), {"Healthy"}]
    # A malformation of the heart that is in no group is not healthy; whether it is CHD stays unknown.
    assert by_name["P00002_E04"]["CHD"] == 255
    nineteen = _zzu(tmp_path / "zzu", classes="19")
    assert len(nineteen.classes) == 19
    found = {c for c, v in targets(nineteen)["P00000_E01"].items() if v == 1}
    assert found == {"viral_myocarditis", "atrial_septal_defect"}


def test_nine_leads_are_filled_up_and_children_stay_whole(tmp_path: Path) -> None:
    dataset = _zzu(write_zzu(tmp_path / "zzu"))
    samples = stored(dataset, "P00000_E00")
    missing = [TWELVE.index(lead) for lead in ("V2", "V4", "V6")]
    assert not samples[:, missing].any() and samples.any(axis=0).sum() == 9
    assert dataset.rows.covariates[0].tolist() == [2, 1]  # 730 days, Female
    sides: dict[str, str] = {}
    for each in dataset.summary["recordings"]:
        assert sides.setdefault(each["patient"], each["split"]) == each["split"]
    refused = _zzu(tmp_path / "zzu", missing_leads="refuse")
    assert left_out(refused)["P00000_E00"].startswith("no lead named V2, V4, V6")


@pytest.mark.parametrize(
    ("text", "years"), [("572d", 572 / 365), ("6m", 180 / 365), ("3y", 3.0), ("14", 14.0), ("old", np.nan)]
)
def test_ages_in_days_become_years(text: str, years: float) -> None:
    assert zzu_pecg.years(text) == pytest.approx(years, nan_ok=True)
