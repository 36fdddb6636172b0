"""Read one WFDB record, or say in a few words what is wrong with it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from data_utils.errors import BadRecord
from data_utils.sources.signal import Signal, in_millivolts, is_voltage

with warnings.catch_warnings():
    # wfdb 4.3 under pandas 3 warns of its own calls, on import and once per file; nobody here can mend them.
    warnings.filterwarnings("ignore", module=r"wfdb\.")
    import wfdb

# Bytes of one sample in WFDB's signal formats that a recording's size can be told from.
_BYTES = {"8": 1, "80": 1, "16": 2, "61": 2, "160": 2, "212": 1.5, "24": 3, "32": 4}


def read_annotations(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Samples (n,) int64 and symbols (n,) str of `name.atr`.

    Raises:
        BadRecord: no such file, one that wfdb refuses, or one whose annotations go back in time.
    """
    if not (folder / f"{name}.atr").is_file():
        raise BadRecord(f"no annotations: {name}.atr is missing")
    with _reading(f"{name}.atr"):
        annotation = wfdb.rdann(str(folder / name), "atr")
    samples = annotation.sample.astype(np.int64)
    if (np.diff(samples, prepend=0) < 0).any():
        raise BadRecord(f"{name}.atr is damaged: its annotations are not in the order of time")
    return samples, np.array(annotation.symbol, dtype=str)


def read_signal(folder: Path, name: str, leads: Sequence[str], rate: float) -> np.ndarray:
    """(S, C) float64 mV of the leads, in the order that was asked for.

    Raises:
        BadRecord: a header that wfdb refuses, another rate or unit, a lead that the record lacks, or a
            signal file that is missing or shorter than the header says.
    """
    header = _header(folder, name)
    names = header.sig_name or []
    missing = [lead for lead in leads if lead not in names]
    if missing:
        raise BadRecord(f"no lead named {', '.join(missing)}; it has {', '.join(names) or 'none'}")
    if header.fs != rate:
        raise BadRecord(f"sampled at {header.fs:g} Hz, not {rate:g} Hz")
    _check_size(folder, header)
    with _reading(f"{name}.dat"):
        record = wfdb.rdrecord(str(folder / name), channel_names=list(leads))
    if set(record.units) != {"mV"}:
        raise BadRecord(f"in {', '.join(record.units)}, not mV")
    # wfdb returns channels in the header's order.
    return record.p_signal[:, [record.sig_name.index(lead) for lead in leads]]


def read_record(folder: Path, name: str) -> Signal:
    """The whole record, in mV whatever voltage it is stored in, NaN where its files mark samples as missing.

    Signals that are no voltage, such as a pulse wave, are passed over.

    Raises:
        BadRecord: a header that wfdb refuses, no signal whose unit is a voltage, or a signal file that is
            missing or shorter than the header says.
    """
    try:
        with _reading(f"{name}.hea"):
            record = wfdb.rdrecord(str(folder / name))
    except BadRecord:
        # Reading a header takes as long as reading ten seconds of signal, so its sizes are only compared now.
        header = _header(folder, name)
        if isinstance(header, wfdb.Record) and header.n_sig:
            _check_size(folder, header)
        raise
    if record.p_signal is None:
        raise BadRecord("its header names no signal")
    voltages = [k for k, unit in enumerate(record.units) if is_voltage(unit)] or range(record.n_sig)
    # A header may leave a signal's name out.
    leads = tuple(record.sig_name[k] or f"signal {k}" for k in voltages)
    units = [record.units[k] for k in voltages]
    return Signal(in_millivolts(record.p_signal[:, list(voltages)], units), float(record.fs), leads)


def _header(folder: Path, name: str) -> wfdb.Record | wfdb.MultiRecord:
    if not (folder / f"{name}.hea").is_file():
        raise BadRecord(f"wfdb cannot read {name}.hea: there is no such file")
    with _reading(f"{name}.hea"):
        return wfdb.rdheader(str(folder / name))


def _check_size(folder: Path, header: wfdb.Record) -> None:
    for file in dict.fromkeys(header.file_name):
        formats = [f for f, n in zip(header.fmt, header.file_name, strict=True) if n == file]
        if not (folder / file).is_file():
            raise BadRecord(f"{file} is missing")
        size = (folder / file).stat().st_size
        # MATLAB's own header comes before the samples of a .mat file.
        before = max(b or 0 for b, n in zip(header.byte_offset, header.file_name, strict=True) if n == file)
        frames = max(n or 1 for n in header.samps_per_frame)
        expected = sum(_BYTES.get(f, 0) for f in formats) * header.sig_len * frames + before
        if size < expected:
            raise BadRecord(f"{file} is truncated: {size:,} of {int(expected):,} bytes")


@contextmanager
def _reading(file: str) -> Iterator[None]:
    """Turn whatever wfdb raises over a malformed file into `BadRecord`; keep its deprecations to itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"wfdb\.")
        try:
            yield
        except Exception as error:  # wfdb documents no types: ValueError, IndexError, struct.error …
            reason = " ".join(str(error).split())
            raise BadRecord(f"wfdb cannot read {file} ({type(error).__name__}: {reason})") from error
