"""Made-up folders of the form of PTB-XL, CinC, ZZU-pECG, CinC as HDF5, and Kaggle's heartbeats."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.layout import test_path as sealed_path
from data_utils.sources import cinc, h5_records, heartbeat_csv, ptb_xl, zzu_pecg
from data_utils.sources.options import TWELVE
from data_utils.sources.snomed import diagnoses
from data_utils.wfdb_records import wfdb

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\.")

NINE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V3", "V5")


def steps(number: int, length: int, leads: int) -> np.ndarray:
    """(length, leads) int64 in converter steps of 1 µV, other ones for each number."""
    rng = np.random.default_rng(number)
    return np.clip(np.cumsum(rng.integers(-30, 31, (length, leads)), axis=0), -2000, 2000)


def write_wfdb(
    folder: Path, name: str, number: int, length: int = 1000, rate: int = 100, leads=TWELVE, **header
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    count = len(leads)
    values = {"fs": rate, "units": ["mV"] * count, "fmt": ["16"] * count, "adc_gain": [1000] * count}
    signal = steps(number, length, count)
    wfdb.wrsamp(
        name,
        d_signal=signal,
        sig_name=list(leads),
        baseline=[0] * count,
        write_dir=str(folder),
        **(values | header),
    )


def stored(dataset: Dataset, name: str) -> np.ndarray:
    """(L, C) of a recording, from whichever side has it."""
    for side in (dataset, open_dataset(sealed_path(dataset.path))):
        names = side.recordings.name.tolist()
        if name in names:
            first = side.recordings.first[names.index(name)]
            return side.samples[first : first + side.recordings.length[names.index(name)]]
    raise AssertionError(f"{name} is on neither side")


def left_out(dataset: Dataset) -> dict[str, str]:
    return {entry["what"]: entry["reason"] for entry in dataset.summary["left_out"]}


def targets(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Recording -> class -> 1, 0 or 255, of both sides."""
    return {
        side.recordings.name[recording]: dict(zip(side.classes, target.tolist(), strict=True))
        for side in (dataset, open_dataset(sealed_path(dataset.path)))
        for recording, target in zip(side.rows.recording, side.rows.target, strict=True)
    }


# PTB-XL ----------------------------------------------------------------------------------------------------

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


def test_ptb_xl_names_the_table_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no table .*scp_statements\.csv"):
        _ptb_xl(tmp_path)


# CinC ------------------------------------------------------------------------------------------------------


def write_cinc(folder: Path, name: str, number: int, dx: str, **header: object) -> None:
    comments = ["Age: 70", "Sex: Female", f"Dx: {dx}", "Rx: Unknown"]
    write_wfdb(folder, name, number, **({"comments": comments} | header))


def _cinc(folder: Path, **options: object) -> Dataset:
    out = folder.parent / "x.h5"
    cinc.build(folder, out, cinc.Options(**({"rate": 100.0} | options)), overwrite=True)
    return open_dataset(out)


@pytest.fixture
def challenge(tmp_path: Path) -> Path:
    folder = tmp_path / "cinc"
    for number in range(12):
        codes = ["59118001", "164889003,713427006", "284470004", "67741000119109"][number % 4]
        write_cinc(folder / f"g{number % 2}", f"R{number:02d}", number, codes, length=1000 + 10 * number)
    return folder


def test_27_diagnoses_stay_apart_and_24_are_merged(challenge: Path) -> None:
    dataset = _cinc(challenge)
    assert len(dataset.classes) == 27 and not dataset.groups_known
    found = {name: {c for c, v in t.items() if v} for name, t in targets(dataset).items()}
    assert [found[f"R0{k}"] for k in range(4)] == [{"RBBB"}, {"AF", "CRBBB"}, {"PAC"}, set()]
    merged = _cinc(challenge, classes="24")
    assert len(merged.classes) == 24
    found = {name: {c for c, v in t.items() if v} for name, t in targets(merged).items()}
    assert [found[f"R0{k}"] for k in range(4)] == [{"CRBBB"}, {"AF", "CRBBB"}, {"PAC"}, set()]


def test_texts_of_cpsc_are_understood_in_every_set_of_classes() -> None:
    for which, rbbb in (("27", "RBBB"), ("24", "CRBBB"), ("cpsc", "RBBB")):
        classes, class_of = diagnoses(which)
        assert class_of["RBBB"] == class_of["59118001"] == rbbb
        assert class_of["PVC"] == "PVC" and set(class_of.values()) == set(classes)
    # The challenge scores ventricular ectopics, CPSC's PVC, as none of the 27.
    assert "164884008" not in diagnoses("27")[1] and diagnoses("cpsc")[1]["164884008"] == "PVC"


def test_recordings_keep_their_own_lengths_and_every_sample(challenge: Path) -> None:
    dataset = _cinc(challenge)
    for number in range(12):
        expected = (steps(number, 1000 + 10 * number, 12) / 1000).astype(np.float16)
        assert (stored(dataset, f"R{number:02d}") == expected).all()
    assert dataset.rows.covariates[0].tolist() == [70, 1]


def test_what_is_wrong_in_a_challenge_folder_is_named_and_counted(challenge: Path) -> None:
    write_cinc(challenge, "R20", 20, "164889003", leads=TWELVE[:11])
    write_cinc(challenge, "R21", 21, "164889003", units=["mmHg"] * 12)
    write_cinc(challenge / "g9", "R01", 22, "164889003")
    write_cinc(challenge, "R23", 3, "164889003", length=1030)
    write_wfdb(challenge, "R24", 24)
    write_cinc(challenge, "R25", 25, "164889003")
    write_cinc(challenge, "R26", 26, "164889003")
    header = (challenge / "R25.hea").read_text()
    (challenge / "R25.hea").write_text(header.replace("R25 12", "R25.mat 12", 1))
    with (challenge / "R26.dat").open("r+b") as file:
        file.truncate(500)
    dataset = _cinc(challenge)
    named = left_out(dataset)
    assert named["R20"].startswith("no lead named V6; it has I")
    assert named["R21"] == "in mmHg, which is no voltage (mV, uV, nV and V are)"
    assert named["R03"] == "the same signal as R23"  # which comes first in the walk
    assert named["R24"] == "R24.hea has no line #Dx"
    assert named["R25"].startswith("wfdb cannot read R25.hea (HeaderSyntaxError")
    assert named["R26"] == "R26.dat is truncated: 500 of 24,000 bytes"
    assert len(named) == 6
    # What is left out is counted with its diagnoses, also where the header cannot be read.
    assert {e["what"]: e["classes"] for e in dataset.summary["left_out"]}["R25"] == {"AF": 1}
    # Two records of one name are told apart by their folders.
    assert {"g1/R01", "g9/R01"} <= set(targets(dataset))


def test_files_of_several_rates_are_brought_to_one(challenge: Path) -> None:
    write_cinc(challenge, "R30", 30, "164889003", length=2570, rate=257)
    assert len(stored(_cinc(challenge), "R30")) == 1000
    assert len(stored(_cinc(challenge, rate=50.0), "R30")) == 500


def test_no_header_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no \.hea in it or below it"):
        _cinc(tmp_path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strips": 0.0}, "--strips 0"),
        ({"overlap": 1.0}, "--overlap 1"),
        ({"validation": 0.6, "test": 0.5}, "--validation 0.6 and --test 0.5"),
        ({"rate": -1.0}, "rate=-1"),
        ({"band_pass": (40.0, 0.5)}, "band_pass="),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        cinc.Options(**options)


def test_more_folds_than_patients_are_refused(challenge: Path) -> None:
    with pytest.raises(BadInput, match=r"--folds 50 does not fit \d+ patients to train on"):
        _cinc(challenge, folds=50)


# HDF5 for each record --------------------------------------------------------------------------------------


def write_h5_records(folder: Path) -> Path:
    rows = []
    for number in range(12):
        name, length = f"JS{number:05d}", 1000 + number
        path = folder / f"{number % 3:03d}" / f"{name}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        dx = ["426783006", "164889003,59118001"][number % 2]
        with h5py.File(path, "w") as file:
            signal = file.create_dataset("signal", data=(steps(number, length, 12) / 1000).T)
            attributes = {"Dx": dx, "age": 60 + number, "sex": "Male", "fs": 100, "sig_len": length}
            signal.attrs.update(attributes | {"fid": number, "sig_name": list(TWELVE)})
        rows.append([name, number, dx, length])
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["ID", "FID", "Dx", "L"], *rows, ["JS99999", 99, "164889003", 5]])
    return folder


def test_hdf5_records_give_labels_ages_and_every_sample(tmp_path: Path) -> None:
    folder = write_h5_records(tmp_path / "h5")
    (folder / "000" / "JS00003.h5").write_bytes(b"not HDF5")
    out = tmp_path / "x.h5"
    h5_records.build(folder, out, h5_records.Options(rate=100.0))
    dataset = open_dataset(out)
    found = {name: {c for c, v in t.items() if v} for name, t in targets(dataset).items()}
    assert found["JS00000"] == {"NSR"} and found["JS00001"] == {"AF", "RBBB"}
    assert (stored(dataset, "JS00007") == (steps(7, 1007, 12) / 1000).astype(np.float16)).all()
    assert left_out(dataset)["JS99999"] == "in index.csv, not in the folder"
    assert left_out(dataset)["JS00003"].startswith("JS00003.h5 cannot be read (OSError")
    number = int(dataset.recordings.name[0].removeprefix("JS"))
    assert dataset.rows.covariates[0].tolist() == [60 + number, 0]


# ZZU-pECG --------------------------------------------------------------------------------------------------


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


# Heartbeats as a table -------------------------------------------------------------------------------------


def write_heartbeats(path: Path, counts: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """(n, 188) as Kaggle's table has it: sorted by class, no head."""
    labels = np.repeat(np.arange(len(counts)), counts)
    beats = np.random.default_rng(seed).random((len(labels), 187)).round(4)
    table = np.column_stack([beats, labels])
    np.savetxt(path, table, delimiter=",", fmt="%.6e")
    return table


def test_every_heartbeat_of_the_table_is_there_once_and_patients_are_unknown(tmp_path: Path) -> None:
    train = write_heartbeats(tmp_path / "mitbih_train.csv", (600, 30, 40, 12, 50))
    test = write_heartbeats(tmp_path / "mitbih_test.csv", (100, 5, 9, 6, 8), seed=1)
    heartbeat_csv.build(tmp_path, tmp_path / "x.h5")
    dataset = open_dataset(tmp_path / "x.h5")
    assert not dataset.groups_known and dataset.rate == 125 and dataset.classes == ("N", "S", "V", "F", "Q")
    for side, table in ((dataset, train), (open_dataset(tmp_path / "x.test.h5"), test)):
        begins = side.recordings.first[side.rows.recording] + side.rows.start
        beats = np.stack([side.samples[begin : begin + 187, 0] for begin in begins])
        found = np.column_stack([beats.astype(float), side.rows.target.argmax(axis=1)])
        expected = np.column_stack([table[:, :-1].astype(np.float16).astype(float), table[:, -1]])
        assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, expected.tolist()))
    # 732 beats sorted by class and dealt to six folds: the validation side has each sixth.
    validation = dataset.summary["splits"]["validation"]["classes"]
    assert validation == {"N": 100, "S": 5, "V": 7, "F": 2, "Q": 8}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (np.zeros((3, 6)), "has 6 columns, not 188: 187 samples and the class, 0 to 4"),
        (np.full((3, 188), 7.0), "a beat is of class 7, but classes are 0 to 4"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, table: np.ndarray, sentence: str) -> None:
    np.savetxt(tmp_path / "mitbih_train.csv", table, delimiter=",")
    with pytest.raises(BadInput, match=sentence):
        heartbeat_csv.build(tmp_path, tmp_path / "x.h5")
    assert not (tmp_path / "x.h5").exists()


def test_heartbeats_with_missing_numbers_are_counted(tmp_path: Path) -> None:
    table = write_heartbeats(tmp_path / "mitbih_train.csv", (30, 6, 6, 6, 6))
    table[2, 5] = np.nan
    np.savetxt(tmp_path / "mitbih_train.csv", table, delimiter=",")
    heartbeat_csv.build(tmp_path, tmp_path / "x.h5")
    dataset = open_dataset(tmp_path / "x.h5")
    assert left_out(dataset) == {"1 rows of mitbih_train.csv": "not numbers from start to end"}
    assert len(dataset) == 53


def test_a_segment_begins_at_its_beat_and_lasts_1_2_periods() -> None:
    beats = np.arange(10) * 288 + 100  # 288 samples at 360 Hz are 0.8 s, 100 at 125 Hz; 1.2 times that is 120
    signal = np.zeros(3000)
    signal[beats] = 1.0
    segments, kept = heartbeat_csv.segments_of(signal, beats)
    # The tenth, at 2692 of 3000, would end 345 samples later.
    assert kept.tolist() == list(range(9)) and segments.shape == (9, 187)
    assert (segments.argmax(axis=1) == 0).all()
    assert not segments[:, 120:].any() and segments.min() == 0 and segments.max() == 1
