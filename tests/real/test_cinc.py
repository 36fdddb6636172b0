"""CPSC 2018 and parts of the CinC challenge themselves: their headers read another way, and their samples."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from data_utils.dataset import Dataset, open_dataset
from data_utils.layout import test_path as sealed_path
from data_utils.sources import cinc
from data_utils.sources.snomed import SCORED

DATA = Path(os.environ.get("ECG_DATA", ""))
CPSC, MIXED = DATA / "cpsc2018", DATA / "cinc2020-mixed"
pytestmark = [
    pytest.mark.skipif(
        "ECG_DATA" not in os.environ or not (CPSC.is_dir() and MIXED.is_dir()),
        reason="ECG_DATA names no folder with cpsc2018/ and cinc2020-mixed/",
    ),
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\."),
]
GEORGIA = ("E00009", "E00015", "E00018", "E00793")


def _said(folder: Path) -> dict[str, list[str]]:
    """Record -> its diagnoses, from the headers' text."""
    return {
        path.stem: re.search(r"^# ?Dx: (.*)$", path.read_text(), re.MULTILINE)[1].split(",")
        for path in folder.glob("*.hea")
    }


def _built(folder: Path, out: Path, **options: object) -> Dataset:
    cinc.build(folder, out, cinc.Options(**options))
    return open_dataset(out)


@pytest.fixture(scope="module")
def cpsc(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return _built(CPSC, tmp_path_factory.mktemp("cpsc") / "x.h5", classes="cpsc")


def _totals(dataset: Dataset) -> dict[str, int]:
    splits = dataset.summary["splits"].values()
    counts = {name: sum(split["classes"][name] for split in splits) for name in dataset.classes}
    return {name: count for name, count in counts.items() if count}


def test_cpsc_labels_are_those_of_its_headers(cpsc: Dataset) -> None:
    assert _totals(cpsc) == Counter(code for codes in _said(CPSC).values() for code in codes)
    assert cpsc.summary["left_out"] == [] and not cpsc.groups_known
    assert all(split["patients_with"]["RBBB"] > 0 for split in cpsc.summary["splits"].values())


def test_every_row_is_its_recording_sample_for_sample(cpsc: Dataset) -> None:
    for side in (cpsc, open_dataset(sealed_path(cpsc.path))):
        for k, name in list(enumerate(side.recordings.name))[::7]:
            first, length = side.recordings.first[k], side.recordings.length[k]
            # 1000 steps per mV, as all of its headers say.
            steps = scipy.io.loadmat(CPSC / f"{name}.mat")["val"]
            assert length == steps.shape[1]
            expected = (steps.T / 1000).astype(np.float16)
            assert (side.samples[first : first + length] == expected).all()


def test_georgias_malformed_headers_are_named_and_counted_and_the_others_go_on(tmp_path: Path) -> None:
    dataset = _built(MIXED, tmp_path / "x.h5")
    left_out = {entry["what"]: entry for entry in dataset.summary["left_out"]}
    assert set(left_out) == set(GEORGIA)
    short = {code: name for name, (code, _) in SCORED.items()}
    for name, entry in left_out.items():
        assert entry["reason"].startswith(f"wfdb cannot read {name}.hea (HeaderSyntaxError")
        codes = _said(MIXED)[name]
        assert entry["recordings"] == 1 and entry["classes"] == {short[c]: 1 for c in codes if c in short}
    said = {name: {short[c] for c in codes if c in short} for name, codes in _said(MIXED).items()}
    expected = Counter(name for record, names in said.items() if record not in GEORGIA for name in names)
    assert _totals(dataset) == expected
    assert len(dataset.summary["recordings"]) == 24


def test_24_merged_classes_lose_no_diagnosis(tmp_path: Path) -> None:
    dataset = _built(MIXED, tmp_path / "x.h5", classes="24")
    said = [set(codes) for name, codes in _said(MIXED).items() if name not in GEORGIA]
    assert _totals(dataset)["CRBBB"] == sum(bool(c & {"713427006", "59118001"}) for c in said)
    assert _totals(dataset)["PVC"] == sum(bool(c & {"427172004", "17338001"}) for c in said)
    assert _totals(dataset)["PAC"] == sum(bool(c & {"284470004", "63593006"}) for c in said)
