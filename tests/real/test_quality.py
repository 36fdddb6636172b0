"""Detectors and limits on real recordings. Takes them from ECG_DATA (a folder with mitdb/ and ptb-xl/)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from data_utils.qrs import average_beats, energy_beats
from data_utils.quality import Limits, assess
from data_utils.sources import mitdb
from data_utils.wfdb_records import wfdb

FOLDER = Path(os.environ.get("ECG_DATA", ""))
pytestmark = [
    pytest.mark.skipif(
        not ((FOLDER / "mitdb").is_dir() and (FOLDER / "ptb-xl").is_dir()),
        reason="ECG_DATA names no folder with mitdb/ and ptb-xl/",
    ),
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\."),
]


def _found(detected: np.ndarray, beats: np.ndarray, tolerance: float) -> int:
    """How many of the beats a detector found, each by a detection of its own."""
    nearest = detected[np.abs(detected[:, None] - beats).argmin(axis=0)]
    return len(np.unique(nearest[np.abs(nearest - beats) <= tolerance]))


@pytest.mark.parametrize("detect", [energy_beats, average_beats])
def test_detectors_agree_with_the_annotated_beats(detect) -> None:
    """Clean records of MIT-BIH in both arms; the published detectors have above 99% of all 48."""
    for name in ("100", "103", "115", "122", "220", "234"):
        if not (FOLDER / "mitdb" / f"{name}.hea").is_file():
            continue
        beats, _ = mitdb.read_beats(FOLDER / "mitdb", name)
        record = wfdb.rdrecord(str(FOLDER / "mitdb" / name))
        lead = record.p_signal[:, [record.sig_name.index("MLII")]]
        detected = detect(lead, 360.0)[0]
        found = _found(detected, beats, 0.15 * 360)
        assert found / len(beats) > 0.99 and found / len(detected) > 0.99, name


def _rejected(limits: Limits) -> int:
    count = 0
    for header in sorted((FOLDER / "ptb-xl" / "records500").rglob("*_hr.hea")):
        record = wfdb.rdrecord(str(header.with_suffix("")))
        count += bool(assess(record.p_signal, record.fs, record.sig_name, limits))
    return count


def test_the_usual_limits_keep_almost_all_of_a_clinical_collection() -> None:
    """Of 100 recordings: 2 of them wander in most leads; with no lead spared two of three would go."""
    assert _rejected(Limits()) == 2
    assert _rejected(Limits(spared=0)) > 50
