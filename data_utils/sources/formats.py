"""One recording from WFDB, EDF, HDF5, CSV or NumPy; what such a file does not say comes from outside."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from data_utils.errors import BadRecord
from data_utils.sources.signal import Signal, in_millivolts

ENDINGS = (".hea", ".edf", ".bdf", ".h5", ".hdf5", ".csv", ".npy", ".npz")
_TIME = {"time", "time_s", "time_ms", "t", "seconds", "s", "ms", "sample", "samples", "index", ""}
_RATES = ("fs", "rate", "sampling_rate", "sample_rate", "sampling_frequency", "frequency")
_NAMES = ("sig_name", "leads", "lead_names", "channels", "channel_names")
_UNITS = ("units", "unit")
# Labels of an ECG's signals, as EDF+ wants them or as leads are called.
_ECG = re.compile(r"(ECG|EKG)|(lead[\s_-]+)?((ML)?(I{1,3}|V[1-9]R?)|aV[RLF])$", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """What is true of files that do not say it themselves.

    Attributes:
        rate: Hz.
        leads: names of the columns.
        units: of the samples.
        dataset: where the signal lies in an HDF5 or .npz file.
    """

    rate: float | None = None
    leads: tuple[str, ...] = ()
    units: str = "mV"
    dataset: str = "signal"


def read_file(path: Path, said: Said) -> Signal:
    """A recording, by its file's ending (one of `ENDINGS`, in capitals or not).

    Raises:
        BadRecord: no such file, one that cannot be read, or one of which neither it nor `said` tells the rate
            or the leads.
    """
    if not path.is_file():
        raise BadRecord(f"{path.name} is missing")
    ending = path.suffix.lower()
    if ending == ".hea":
        from data_utils.wfdb_records import read_record

        return read_record(path.parent, path.stem)
    reader = {".edf": _edf, ".bdf": _edf, ".csv": _csv, ".npy": _numpy, ".npz": _numpy}.get(ending, _hdf5)
    try:
        return reader(path, said)
    except BadRecord:
        raise
    except Exception as error:  # damaged files make the readers raise anything: BadZipFile, IndexError …
        reason = " ".join(str(error).split())
        raise BadRecord(f"{path.name} cannot be read ({type(error).__name__}: {reason})") from error


def _edf(path: Path, said: Said) -> Signal:
    """European Data Format (Kemp et al. 1992, Electroencephalogr Clin Neurophysiol 82:391) and BDF.

    Each of its signals has a rate of its own: where voltages differ in theirs, as in a polysomnogram, those
    at the rate of the ECG are read.
    """
    import pyedflib

    with pyedflib.EdfReader(str(path)) as file:
        headers = file.getSignalHeaders()
        labels = [header["label"].strip() for header in headers]
        units = [header["dimension"].strip() for header in headers]
        rates = [float(file.getSampleFrequency(k)) for k in range(len(headers))]
        voltages = [k for k, unit in enumerate(units) if re.fullmatch("[munµμ]?v", unit.casefold())]
        if not voltages:
            raise BadRecord(f"no signal of it is a voltage; their units are {', '.join(units) or 'none'}")
        rate = _rate_of_ecg([labels[k] for k in voltages], [rates[k] for k in voltages])
        kept = [k for k in voltages if rates[k] == rate]
        samples = np.stack([file.readSignal(k) for k in kept], axis=1)
    others = [
        f"{labels[k]} ({f'{rates[k]:g} Hz' if k in voltages else units[k] or 'no unit'})"
        for k in range(len(headers))
        if k not in kept
    ]
    leads = tuple(_lead_name(labels[k]) for k in kept)
    return Signal(in_millivolts(samples, [units[k] for k in kept]), rate, leads, tuple(others))


def _rate_of_ecg(labels: Sequence[str], rates: Sequence[float]) -> float:
    """The one rate in Hz of all voltages, or of those whose label is of an ECG."""
    of_ecg = {rate for label, rate in zip(labels, rates, strict=True) if _ECG.match(label)}
    for found in (set(rates), of_ecg):
        if len(found) == 1:
            return found.pop()
    each = ", ".join(f"{label} at {rate:g} Hz" for label, rate in zip(labels, rates, strict=True))
    problem = "so does its ECG" if of_ecg else "none is named as an ECG"
    raise BadRecord(
        f"its voltages differ in rate ({each}) and {problem}: export the leads at one rate, with labels such "
        "as ECG II"
    )


def _lead_name(label: str) -> str:
    """A lead's own name: EDF+ writes the kind of signal before it.

    >>> _lead_name("ECG II")
    'II'
    """
    return re.sub(r"^(ECG|EKG|lead)[\s_-]+", "", label.strip(), flags=re.IGNORECASE)


def _hdf5(path: Path, said: Said) -> Signal:
    with h5py.File(path, "r") as file:
        if said.dataset not in file or not isinstance(file[said.dataset], h5py.Dataset):
            raise BadRecord(
                f"{path.name} has no dataset {said.dataset!r}; it has {', '.join(file) or 'nothing'}"
            )
        dataset = file[said.dataset]
        attributes = {**file.attrs, **dataset.attrs}
        rate = _first(attributes, _RATES, said.rate)
        leads = _texts(_first(attributes, _NAMES, None)) or said.leads
        units = _texts(_first(attributes, _UNITS, None)) or (said.units,)
        samples = np.asarray(dataset[()], np.float64)
    return _signal(samples, None if rate is None else float(rate), leads, units)


def _numpy(path: Path, said: Said) -> Signal:
    with path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            loaded = loaded[said.dataset if said.dataset in loaded else loaded.files[0]]
    return _signal(loaded.astype(np.float64), said.rate, said.leads, (said.units,))


def _csv(path: Path, said: Said) -> Signal:
    """Numbers with a column for each lead, with or without a line of names and a column of time."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        first = next(csv.reader(file), [])
    names = [cell.strip() for cell in first]
    titled = any(name and not _is_number(name) for name in names)
    samples = np.genfromtxt(path, delimiter=",", skip_header=int(titled), ndmin=2)
    if not titled:
        return _signal(samples, said.rate, said.leads, (said.units,))
    # "Time (s)" is a time too.
    kept = [k for k, name in enumerate(names) if re.sub(r"\s*[\[(].*", "", name).casefold() not in _TIME]
    leads = tuple(_lead_name(names[k]) for k in kept)
    return _signal(samples[:, kept], said.rate, leads, (said.units,))


def _signal(samples: np.ndarray, rate: float | None, leads: Sequence[str], units: Sequence[str]) -> Signal:
    """(S, C) or (C, S), told apart by the number of leads."""
    if rate is None or not rate > 0:
        raise BadRecord("its sampling rate is not known: say it under signal: rate:")
    if not leads:
        raise BadRecord("its leads are not known: name them under signal: leads:")
    samples = samples[:, None] if samples.ndim == 1 else samples
    if samples.ndim == 2 and samples.shape[1] != len(leads) and samples.shape[0] == len(leads):
        samples = samples.T
    if samples.ndim != 2 or samples.shape[1] != len(leads):
        raise BadRecord(f"of the shape {samples.shape}, which does not fit {len(leads)} leads")
    units = tuple(units) * len(leads) if len(units) == 1 else units
    if len(units) != len(leads):
        raise BadRecord(f"has {len(units)} units for {len(leads)} leads")
    return Signal(in_millivolts(samples, units), float(rate), tuple(leads))


def _first(attributes: dict, names: Sequence[str], otherwise: object) -> object:
    return next((attributes[name] for name in names if name in attributes), otherwise)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    values = [value] if isinstance(value, (str, bytes)) else np.asarray(value).ravel().tolist()
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
