"""Open a dataset file: samples mapped, rows in memory, and the sides that training and evaluation may see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from data_utils.errors import BadInput
from data_utils.layout import FORMAT, FORMAT_VERSION, SPLITS, content_digest
from data_utils.structure import check_rows, check_structure

HYPERPARAMETERS = {
    "data": {
        "type": "str",
        "default": "data/mitdb.h5",
        "meaning": "Dataset file that `rarebeat data build` or `rarebeat data simulate` wrote, or a W&B "
        "artifact, entity/project/name:alias, that holds one (`rarebeat data publish`).",
    },
    "folds": {
        "type": "int",
        "default": 0,
        "min": 0,
        "max": 100,
        "except": [1],
        "meaning": "Patient-wise folds that one run trains and averages; 0 takes the one validation side.",
    },
}


@dataclass(frozen=True, eq=False)
class Recordings:
    """Whole recordings, R of them, end to end in `Dataset.samples`."""

    name: np.ndarray  # (R,) str
    first: np.ndarray  # (R,) int64
    length: np.ndarray  # (R,) int64, samples
    group: np.ndarray  # (R,) str, the patient


@dataclass(frozen=True, eq=False)
class Rows:
    """Examples, N of them; start, length and anchor are samples relative to the row's recording."""

    recording: np.ndarray  # (N,) int32
    start: np.ndarray  # (N,) int64
    length: np.ndarray  # (N,) int64
    anchor: np.ndarray  # (N,) int64, -1 without one
    split: np.ndarray  # (N,) uint8, position in SPLITS
    fold: np.ndarray  # (N,) int16
    target: np.ndarray  # (N, K) uint8, 255 is unknown
    covariates: np.ndarray  # (N, F) float32


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of one side of a split. What is fitted takes a side, never a whole dataset."""

    dataset: Dataset
    rows: np.ndarray  # (n,) int64, positions in dataset.rows
    role: str  # "train", "validation" or "test"

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def targets(self) -> np.ndarray:
        """(n, K) uint8: 1, 0, or 255 for unknown."""
        return self.dataset.rows.target[self.rows]

    @cached_property
    def groups(self) -> np.ndarray:
        """(n,) str, the patient of each row."""
        return self.dataset.groups[self.rows]

    @cached_property
    def covariates(self) -> np.ndarray:
        """(n, F) float32, as stored, not scaled."""
        return self.dataset.rows.covariates[self.rows]


class Dataset:
    """A dataset file, opened by `open_dataset`. Samples stay on disk and are mapped; copies in other
    processes share the same pages.

    Attributes: path; task ("multiclass" or "multilabel"); classes (slugs) and class_names; leads; rate
    (Hz); covariates (names); source; licence; simulated; groups_known; preparation (dict, what the builder
    did to the signal); digest and training_digest (hex SHA-256); sealed; summary (counts only); samples (S,
    C); recordings; rows.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        self.task: str = file.attrs["task"]
        self.classes: tuple[str, ...] = _texts(file, "classes")
        self.class_names: tuple[str, ...] = _texts(file, "class_names")
        self.leads: tuple[str, ...] = _texts(file, "leads")
        self.rate = float(file.attrs["rate"])
        self.covariates: tuple[str, ...] = _texts(file, "covariates")
        self.source: str = file.attrs["source"]
        self.licence: str = file.attrs["licence"]
        self.simulated = bool(file.attrs["simulated"])
        self.groups_known = bool(file.attrs["groups_known"])
        self.preparation: dict = json.loads(file.attrs["preparation"])
        self.digest: str = file.attrs["digest"]
        self.training_digest: str = file.attrs["training_digest"]
        self.sealed = bool(file.attrs["sealed"])
        self.summary: dict = json.loads(file["summary"].asstr()[()])
        self.recordings = Recordings(**_arrays(file["recording"]))
        self.rows = Rows(**_arrays(file["row"]))
        samples = file["samples"]
        self.samples = np.memmap(
            path, samples.dtype, mode="r", offset=samples.id.get_offset(), shape=samples.shape
        )

    def __reduce__(self) -> tuple:
        # Pickling a memmap copies it; another process is better off mapping the same file.
        return open_dataset, (self.path,)

    def __len__(self) -> int:
        return len(self.rows.split)

    @cached_property
    def groups(self) -> np.ndarray:
        """(N,) str, the patient of each row."""
        return self.recordings.group[self.rows.recording]

    @property
    def folds(self) -> int:
        """Number of patient-wise folds in the file."""
        return int(self.rows.fold.max()) + 1

    def sides(self, folds: int = 0, fold: int | None = None) -> tuple[Side, Side]:
        """Training and validation side, which share no patient.

        Args:
            folds: 0 takes the validation side that the file names; k (2 to the file's number of folds) merges
                the file's folds into k, and validates on those whose number leaves the remainder `fold`.
            fold: 0 to folds - 1, with `folds` only.
        Raises:
            BadInput: a sealed file, more folds than the file has, or a side without rows.
        """
        if self.sealed:
            raise BadInput(
                f"{self.path} is the sealed test side: train on the file beside it, evaluate on this."
            )
        if folds == 0:
            validating = self.rows.split == SPLITS.index("validation")
        else:
            self._check_folds(folds, fold)
            validating = self.rows.fold % folds == fold
        sides = (
            Side(self, np.flatnonzero(~validating), "train"),
            Side(self, np.flatnonzero(validating), "validation"),
        )
        for side in sides:
            if not len(side):
                raise BadInput(
                    f"{self.path} has no {side.role} rows with folds={folds}: build it with more patients."
                )
        return sides

    def _check_folds(self, folds: int, fold: int | None) -> None:
        if not 2 <= folds <= self.folds:
            raise BadInput(
                f"folds={folds} does not fit {self.path}: it has {self.folds} patient folds, so use 0 or 2 "
                f"to {self.folds}."
            )
        if fold not in range(folds):
            raise ValueError(f"fold={fold} must be one of 0 to {folds - 1}.")

    def test(self) -> Side:
        """The test side; only a sealed file has one.

        Raises:
            BadInput: on a training file.
        """
        if not self.sealed:
            raise BadInput(f"{self.path} holds no test rows: they are sealed in the .test.h5 file beside it.")
        return Side(self, np.arange(len(self), dtype=np.int64), "test")


def open_dataset(path: str | Path) -> Dataset:
    """Open a dataset file and check its structure, without hashing it: milliseconds.

    Raises:
        BadInput: missing, not HDF5, another format version, or not the structure of `data_utils.layout`.
    """
    path = Path(path)
    with _opened(path) as file:
        _check_version(path, file)
        try:
            check_structure(file)
            dataset = Dataset(path, file)
            check_rows(dataset)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError, OSError) as error:
            raise BadInput(f"{path} is not a whole dataset file ({error}): build it again.") from error
    return dataset


def verify(path: str | Path) -> bool:
    """Whether the contents still have the digest that was written with them. Reads the whole file."""
    with _opened(Path(path)) as file:
        _check_version(Path(path), file)
        return content_digest(file) == file.attrs["digest"]


def _opened(path: Path) -> h5py.File:
    if not path.is_file():
        raise BadInput(
            f"There is no data file {path}: make one with `rarebeat data build` or `rarebeat data simulate`."
        )
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise BadInput(f"{path} is not a readable HDF5 file: build it again.") from error


def _check_version(path: Path, file: h5py.File) -> None:
    if file.attrs.get("format") != FORMAT:
        raise BadInput(f"{path} is HDF5 but no rarebeat dataset: make one with `rarebeat data build`.")
    version = file.attrs.get("format_version")
    if version != FORMAT_VERSION:
        raise BadInput(
            f"{path} has format version {version}, this program reads {FORMAT_VERSION}: build it again."
        )


def _texts(file: h5py.File, name: str) -> tuple[str, ...]:
    return tuple(json.loads(file.attrs[name]))


def _arrays(group: h5py.Group) -> dict[str, np.ndarray]:
    return {
        name: data.asstr()[()].astype(str) if h5py.check_string_dtype(data.dtype) else data[()]
        for name, data in group.items()
    }
