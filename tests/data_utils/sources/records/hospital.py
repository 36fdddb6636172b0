"""A hospital's own folder: recordings of any format, a table of labels, its mapping, the data set of both."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import yaml

from data_utils.dataset import Dataset, open_dataset
from data_utils.sources import records
from data_utils.sources.draft import write_draft
from data_utils.sources.records import Options

LEADS = ("I", "II", "V1")
RATE = 100.0
HEAD = ["file", "patient_id", "date", "site", "age", "sex", "qtc", "diagnosis"]


def samples(number: int, length: int = 300) -> np.ndarray:
    """(length, 3) mV in steps of 5 µV, other ones for each number."""
    rng = np.random.default_rng(number)
    return np.clip(np.cumsum(rng.integers(-20, 21, (length, len(LEADS))), axis=0), -400, 400) * 0.005


def write_recording(path: Path, number: int, **changes: object) -> None:
    """One recording, in the format of the path's ending."""
    signal = changes.get("signal", samples(number))
    rate = changes.get("rate", RATE)
    leads = list(changes.get("leads", LEADS))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = {".hea": _wfdb, ".edf": _edf, ".h5": _hdf5, ".csv": _csv, ".npy": _numpy}[path.suffix]
    writer(path, np.asarray(signal), rate, leads)


def _wfdb(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    from data_utils.wfdb_records import wfdb

    wfdb.wrsamp(
        path.stem,
        fs=rate,
        units=["mV"] * len(leads),
        sig_name=leads,
        d_signal=np.where(np.isfinite(signal), np.round(signal * 200), -32768).astype(np.int64),
        fmt=["16"] * len(leads),
        adc_gain=[200] * len(leads),
        baseline=[0] * len(leads),
        write_dir=str(path.parent),
    )


def _edf(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    import pyedflib

    with pyedflib.EdfWriter(str(path), len(leads), pyedflib.FILETYPE_EDFPLUS) as file:
        for k, lead in enumerate(leads):
            header = {"label": f"ECG {lead}", "dimension": "uV", "sample_frequency": rate}
            limits = {"physical_min": -32768 * 5, "physical_max": 32767 * 5}
            header |= limits | {"digital_min": -32768, "digital_max": 32767}
            file.setSignalHeader(k, {**header, "transducer": "", "prefilter": ""})
        file.writeSamples([np.ascontiguousarray(column * 1000) for column in signal.T])


def _hdf5(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    with h5py.File(path, "w") as file:
        file["signal"] = signal.T
        file["signal"].attrs["sig_name"] = leads
        file.attrs["fs"] = rate


def _csv(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *leads])
        writer.writerows([[k / rate, *row] for k, row in enumerate(signal.tolist())])


def _numpy(path: Path, signal: np.ndarray, rate: float, leads: list[str]) -> None:
    np.save(path, signal)


def write_table(path: Path, rows: list[list[object]], head: list[str] = HEAD) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def row(number: int, **changes: object) -> list[object]:
    """Two recordings of each patient; AF in every third recording, LBBB in every second."""
    codes = [code for code, every in (("AF", 3), ("LBBB", 2)) if number % every == 0]
    values = {
        "file": f"rec{number:02d}",
        "patient_id": f"P{number // 2:04d}",
        "date": f"20{10 + number // 2:02d}-05-{1 + number % 2:02d}",
        "site": "north" if number % 4 < 2 else "south",
        "age": 40 + number,
        "sex": "F" if number % 4 < 2 else "M",
        "qtc": 400 + number,
        "diagnosis": ";".join(codes),
    }
    return list((values | changes).values())


def write_hospital(folder: Path, ending: str = ".npy", count: int = 24) -> Path:
    """A folder with `count` recordings and labels.csv, which `rarebeat data init` can look at."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_recording(folder / f"rec{number:02d}{ending}", number)
    write_table(folder / "labels.csv", [row(number) for number in range(count)])
    return folder


def mapped(folder: Path, **changes: object) -> Path:
    """The drafted mapping, mended."""
    path, _ = write_draft(folder, overwrite=True)
    mapping = yaml.safe_load(path.read_text())
    mapping["signal"] = {"rate": 100.0, "leads": list(LEADS)}
    mapping |= {"leads": list(LEADS), "rate": 100.0}
    mapping["columns"]["covariates"] = ["qtc"]
    for key, value in changes.items():
        mapping[key] = value
    path.write_text(yaml.safe_dump({k: v for k, v in mapping.items() if v is not None}, sort_keys=False))
    return path


def build(folder: Path, mapping: Path | None = None, **options: object) -> Dataset:
    out = folder.parent / "x.h5"
    records.build(mapping or mapped(folder), out, Options(**options), overwrite=True)
    return open_dataset(out)


def left_out_of(dataset: Dataset) -> dict[str, dict]:
    return {entry["what"]: entry for entry in dataset.summary["left_out"]}


def number_of(name: str) -> int:
    return int(name.removeprefix("rec"))
