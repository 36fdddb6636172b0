"""Whether an HDF5 file is a whole dataset: its structure, and that its parts belong together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h5py
import numpy as np

from data_utils.layout import DTYPES, NAMES, SPLITS, TEXTS, UNKNOWN

if TYPE_CHECKING:
    from data_utils.dataset import Dataset


def check_structure(file: h5py.File) -> None:
    """Check names, types and shapes, without reading any samples.

    Raises:
        KeyError, ValueError: something is missing, or other than `data_utils.layout` says.
    """
    for name in NAMES:
        if name not in file:
            raise ValueError(f"{name} is missing")
    for name, dtype in DTYPES.items():
        _want(file[name].dtype == np.dtype(dtype), f"{name} is {file[name].dtype}, not {dtype}")
    samples = file["samples"]
    _want(
        samples.ndim == 2 and samples.dtype.str in ("<f2", "<f4"), "samples are not (S, C) float16 or float32"
    )
    _want(samples.id.get_offset() is not None, "samples are not stored contiguously")
    for group in ("row", "recording"):
        _want(
            len({len(file[n]) for n in (*DTYPES, *TEXTS) if n.startswith(f"{group}/")}) == 1,
            f"{group} is ragged",
        )
    _want(len(file["row/split"]) > 0, "it has no rows")


def check_rows(dataset: Dataset) -> None:
    """Check that recordings lie in the samples, rows in recordings, and no patient on two sides.

    Raises:
        ValueError: they do not.
    """
    rows, recordings = dataset.rows, dataset.recordings
    _want(dataset.task in ("multiclass", "multilabel"), f"task is {dataset.task!r}")
    _want(all(re.fullmatch("[A-Za-z0-9_-]+", name) for name in dataset.classes), "a class is no slug")
    _want(dataset.samples.shape[1] == len(dataset.leads), "leads and samples disagree")
    _want(
        rows.target.shape[1] == len(dataset.classes) == len(dataset.class_names),
        "classes and targets disagree",
    )
    _want(rows.covariates.shape[1] == len(dataset.covariates), "covariates and their names disagree")
    _want(rows.recording.min() >= 0 and rows.recording.max() < len(recordings.name), "a row has no recording")
    _want(recordings.first.min() >= 0, "a recording begins before the samples")
    _want(
        (recordings.first + recordings.length).max() <= len(dataset.samples),
        "a recording ends after the samples",
    )
    _want(rows.start.min() >= 0 and rows.length.min() >= 0, "a row begins before its recording")
    _want(
        (rows.start + rows.length <= recordings.length[rows.recording]).all(),
        "a row ends after its recording",
    )
    _want((rows.anchor < recordings.length[rows.recording]).all(), "an anchor lies after its recording")
    _want(np.isin(rows.target, (0, 1, UNKNOWN)).all(), "targets are not 0, 1 or 255")
    _want(
        dataset.task == "multilabel"
        or ((rows.target == 1).sum(axis=1) + (rows.target == UNKNOWN).any(axis=1) == 1).all(),
        "a row of a multiclass file is not of exactly one class",
    )
    _want(((rows.split == SPLITS.index("test")) == dataset.sealed).all(), "training and test rows are mixed")
    for numbers, what in ((rows.split, "split"), (rows.fold, "fold")):
        _want(_one_per_group(dataset, numbers), f"a patient is on two sides of a {what}")


def _one_per_group(dataset: Dataset, numbers: np.ndarray) -> bool:
    """Whether all rows of a patient have the same number."""
    _, group = np.unique(dataset.recordings.group, return_inverse=True)
    group = group[dataset.rows.recording]
    lowest = np.full(group.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, group, numbers.astype(np.int64))
    return bool((lowest[group] == numbers).all())


def _want(condition: bool, complaint: str) -> None:
    if not condition:
        raise ValueError(complaint)
