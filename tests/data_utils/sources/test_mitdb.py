"""MIT-BIH's rules on small made-up records that bear its records' names, and what happens to bad ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.layout import test_path as sealed_path
from data_utils.rr import rr_covariates
from data_utils.sources import mitdb
from data_utils.sources.mitdb import Options
from data_utils.wfdb_records import wfdb

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\.")

LENGTH = 3600
BEATS = np.array([5, 400, 800, 1000, 1200, 1500, 1900, 2300, 2700, 3100, 3590])
SYMBOLS = ["N", "L", "A", "V", "+", "F", "Q", "|", "e", "E", "R"]
#           N    N    S    V   no    F    Q   no    N    V    N


def write_record(folder: Path, name: str, leads: tuple[str, ...] = ("MLII", "V1"), **header: object) -> None:
    """Ten seconds in MIT-BIH's format, 200 steps per mV; the second channel is the first, negated."""
    rng = np.random.default_rng(int(name))
    steps = np.clip(np.cumsum(rng.integers(-3, 4, LENGTH)), -800, 800)
    values = {"fs": 360, "units": ["mV", "mV"], "fmt": ["212", "212"]}
    values |= {"adc_gain": [200, 200], "baseline": [0, 0]}
    signal = np.stack([steps, -steps], axis=1).astype(np.int64)
    wfdb.wrsamp(name, d_signal=signal, sig_name=list(leads), write_dir=str(folder), **(values | header))
    wfdb.wrann(name, "atr", BEATS, SYMBOLS, fs=360, write_dir=str(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """101 106 train, 114 validates (with its leads swapped, as in the original), 100 is sealed."""
    folder = tmp_path / "mitdb"
    folder.mkdir()
    for name in ("100", "101", "106"):
        write_record(folder, name)
    write_record(folder, "114", leads=("V5", "MLII"))
    return folder


def _built(folder: Path, **options: object) -> Dataset:
    out = folder.parent / "x.h5"
    mitdb.build(folder, out, Options(**options), overwrite=True)
    return open_dataset(out)


def _left_out(dataset: Dataset) -> dict[str, dict]:
    return {entry["what"]: entry for entry in dataset.summary["left_out"]}


def test_symbols_become_aami_classes(folder: Path) -> None:
    dataset = _built(folder)
    assert dataset.classes == ("N", "S", "V", "F")
    own = dataset.rows.recording == 0
    assert dataset.rows.anchor[own].tolist() == [5, 400, 800, 1000, 1500, 2700, 3100, 3590]
    assert dataset.rows.target[own].argmax(axis=1).tolist() == [0, 0, 1, 2, 3, 0, 2, 0]
    assert (dataset.rows.target.sum(axis=1) == 1).all()


def test_q_beats_are_neighbours_in_time_but_no_rows_unless_asked_for(folder: Path) -> None:
    dataset, with_q = _built(folder), None
    beats = np.delete(BEATS, [4, 7])  # without the two annotations that are no beats
    expected = np.delete(rr_covariates(beats, 360.0), 5, axis=0)  # without the row of Q at 1900
    assert (dataset.rows.covariates[dataset.rows.recording == 0] == expected).all()
    assert _left_out(dataset)["Q in 100 101 106 114"]["classes"]["Q"] == 4
    with_q = _built(folder, include_q=True)
    assert with_q.classes == ("N", "S", "V", "F", "Q")
    assert with_q.summary["splits"]["train"]["classes"] == {"N": 8, "S": 2, "V": 4, "F": 2, "Q": 2}
    assert not any(what.startswith("Q in") for what in _left_out(with_q))


def test_leads_are_chosen_by_name(folder: Path) -> None:
    dataset = _built(folder)
    index = dataset.recordings.name.tolist().index("114")
    stored = dataset.samples[dataset.recordings.first[index] :][:LENGTH, 0]
    second = wfdb.rdrecord(str(folder / "114")).p_signal[:, 1]
    assert (stored == second.astype(np.float16)).all()


@pytest.mark.parametrize("leads", [(), ("MLII", "MLII")])
def test_no_lead_and_a_lead_twice_are_refused(leads: tuple) -> None:
    with pytest.raises(BadInput, match="must name one lead or more, each once"):
        Options(leads=leads)


def test_two_leads_keep_the_order_asked_for(folder: Path) -> None:
    dataset = _built(folder, leads=("V1", "MLII"))
    signal = wfdb.rdrecord(str(folder / "101")).p_signal[:, ::-1]
    assert (dataset.samples[:LENGTH] == signal.astype(np.float16)).all()
    assert _left_out(dataset)["114"]["reason"] == "no lead named V1; it has V5, MLII"


def test_ds1_trains_ds2_is_sealed_and_five_records_validate(folder: Path) -> None:
    dataset = _built(folder)
    splits = {each["name"]: each["split"] for each in dataset.summary["recordings"]}
    assert splits == {"101": "train", "106": "train", "114": "validation", "100": "test"}
    assert open_dataset(sealed_path(dataset.path)).recordings.name.tolist() == ["100"]
    assert (
        "not in the folder"
        in _left_out(dataset)[" ".join(sorted(set(mitdb.RECORDS) - set(splits)))]["reason"]
    )


def test_the_training_digest_does_not_depend_on_what_is_tested(folder: Path) -> None:
    digest = _built(folder).digest
    write_record(folder, "103")
    assert _built(folder).digest == digest
    write_record(folder, "108")
    assert _built(folder).digest != digest


def test_202_is_left_out_as_the_person_of_201_unless_the_published_split_is_asked_for(folder: Path) -> None:
    for name in ("201", "202"):
        write_record(folder, name)
    dataset = _built(folder)
    assert "same person as 201" in _left_out(dataset)["202"]["reason"]
    assert _left_out(dataset)["202"]["classes"] == {"N": 4, "S": 1, "V": 2, "F": 1, "Q": 1}
    published = open_dataset(sealed_path(_built(folder, published_split=True).path))
    assert published.recordings.group.tolist() == ["100", "201"]


def test_paced_records_train_when_asked_for(folder: Path) -> None:
    write_record(folder, "107")
    assert "paced" in _left_out(_built(folder))["107"]["reason"]
    dataset = _built(folder, include_paced=True)
    assert "107" in set(dataset.sides()[0].groups)


def _truncate(folder: Path) -> None:
    with (folder / "106.dat").open("r+b") as file:
        file.truncate(4000)


def _back_in_time(folder: Path) -> None:
    # A word is code << 10 | interval: N at 400, SKIP by -300 in PDP-11's order of words, N 0 later, the end.
    words = [1 << 10 | 400, 59 << 10, 0xFFFF, 0x10000 - 300, 1 << 10, 0]
    (folder / "106.atr").write_bytes(np.array(words, "<u2").tobytes())


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_back_in_time, "106.atr is damaged: its annotations are not in the order of time"),
        (_truncate, "106.dat is truncated: 4,000 of 10,800 bytes"),
        (lambda folder: (folder / "106.dat").unlink(), "106.dat is missing"),
        (lambda folder: (folder / "106.atr").unlink(), "no annotations: 106.atr is missing"),
        (lambda folder: (folder / "106.atr").write_bytes(b""), "its annotations name no beat"),
        (lambda folder: (folder / "106.hea").write_text("E00009.mat nothing\n"), "wfdb cannot read 106.hea"),
        (lambda folder: (folder / "106.hea").unlink(), "wfdb cannot read 106.hea"),
        (lambda folder: write_record(folder, "106", leads=("V5", "V2")), "no lead named MLII; it has V5, V2"),
        (lambda folder: write_record(folder, "106", fs=250), "sampled at 250 Hz, not 360 Hz"),
        (lambda folder: write_record(folder, "106", units=["uV", "uV"]), "in uV, not mV"),
    ],
)
def test_a_bad_record_is_named_and_counted_and_the_others_go_on(folder: Path, damage, reason: str) -> None:
    damage(folder)
    dataset = _built(folder)
    assert reason in _left_out(dataset)["106"]["reason"]
    assert _left_out(dataset)["106"]["recordings"] == 1
    assert dataset.recordings.name.tolist() == ["101", "114"]


def test_what_a_truncated_record_would_have_counted_is_counted(folder: Path) -> None:
    _truncate(folder)
    assert _left_out(_built(folder))["106"]["classes"] == {"N": 4, "S": 1, "V": 2, "F": 1, "Q": 1}


def test_nothing_left_writes_nothing(folder: Path) -> None:
    for name in ("101", "106", "114"):
        (folder / f"{name}.atr").unlink()
    with pytest.raises(BadInput, match=r"No rows are left to train on.*left out: 101 .no annotations"):
        _built(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["mitdb"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_records_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"give --from the folder with 100\.hea"):
        mitdb.build(tmp_path / name, tmp_path / "x.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_more_folds_than_patients_are_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="--folds 9 does not fit 3 patients to train on: give 2 to 3"):
        _built(folder, folds=9)
    assert _built(folder).folds == 3
