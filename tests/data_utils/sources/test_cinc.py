"""A made-up folder of the form of PhysioNet/CinC challenges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.sources import cinc
from data_utils.sources.options import TWELVE
from data_utils.sources.snomed import diagnoses
from tests.data_utils.sources.recordings import left_out, steps, stored, targets, write_wfdb

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\.")


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


def test_no_leads_are_refused(challenge: Path) -> None:
    with pytest.raises(BadInput, match="--leads names none"):
        _cinc(challenge, leads=())


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
