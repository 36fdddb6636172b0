"""What a dataset file looks like inside: names, types, version, and the digest of its contents.

A file holds whole recordings end to end and one row per example:

    samples              (S, C) float16 or float32, mV, contiguous and uncompressed, so that it can be mapped
    recording/name       (R,) text
    recording/first      (R,) int64, where the recording begins in `samples`
    recording/length     (R,) int64, samples
    recording/group      (R,) text, the patient
    row/recording        (N,) int32
    row/start, length    (N,) int64, the stretch that the example may see, relative to its recording
    row/anchor           (N,) int64, the beat, relative to its recording; -1 without one
    row/split            (N,) uint8, position in `SPLITS`
    row/fold             (N,) int16, patient-wise fold of the training side; -1 on the test side
    row/target           (N, K) uint8: 1, 0, or 255 for unknown
    row/covariates       (N, F) float32
    summary              JSON text: counts by split, fold, recording and class, and what is left out and why
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

FORMAT = "rarebeat"
FORMAT_VERSION = 1
SPLITS = ("train", "validation", "test")
UNKNOWN = 255

DTYPES = {
    "recording/first": "<i8",
    "recording/length": "<i8",
    "row/recording": "<i4",
    "row/start": "<i8",
    "row/length": "<i8",
    "row/anchor": "<i8",
    "row/split": "|u1",
    "row/fold": "<i2",
    "row/target": "|u1",
    "row/covariates": "<f4",
}
TEXTS = ("recording/name", "recording/group")
NAMES = ("samples", *DTYPES, *TEXTS, "summary")

# Written after the contents are hashed, so they cannot be part of what is hashed.
_OUTSIDE_DIGEST = ("digest", "training_digest")
_CHUNK = 1 << 24


def test_path(path: Path) -> Path:
    """`X.test.h5` for `X.h5`: where the sealed side of a dataset lies."""
    return path.with_name(f"{path.stem}.test{path.suffix}")


def content_digest(file: h5py.File) -> str:
    """Hex SHA-256 over every attribute and dataset of an open file, in a fixed order.

    It does not depend on how HDF5 lays the file out, nor on the summary, which also tells of what is not in
    the file: the same recordings, rows and splits give the same digest anywhere.
    """
    digest = hashlib.sha256()
    for name in sorted(set(file.attrs) - set(_OUTSIDE_DIGEST)):
        digest.update(f"{name}={file.attrs[name]}\n".encode())
    for name in sorted(set(NAMES) - {"summary"}):
        dataset = file[name]
        digest.update(f"{name}{dataset.shape}{'text' if _is_text(dataset) else dataset.dtype.str}\n".encode())
        for piece in _pieces(dataset):
            digest.update(piece)
    return digest.hexdigest()


def _is_text(dataset: h5py.Dataset) -> bool:
    return h5py.check_string_dtype(dataset.dtype) is not None


def _pieces(dataset: h5py.Dataset) -> Iterator[bytes]:
    if _is_text(dataset):
        for text in dataset[()]:
            yield text + b"\n"
        return
    step = max(1, _CHUNK // max(1, dataset.dtype.itemsize * int(np.prod(dataset.shape[1:]))))
    for begin in range(0, dataset.shape[0], step):
        yield np.ascontiguousarray(dataset[begin : begin + step]).tobytes()
