"""Made-up recordings in WFDB's format, and what a data set that was built from such holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data_utils.dataset import Dataset, open_dataset
from data_utils.layout import test_path as sealed_path
from data_utils.sources.options import TWELVE
from data_utils.wfdb_records import wfdb


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
