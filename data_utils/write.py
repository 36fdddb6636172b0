"""Write the two files of a dataset: X.h5 for training and X.test.h5, sealed. Both appear, or neither."""

from __future__ import annotations

import errno
import json
import os
import platform
import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import h5py
import numpy as np

from data_utils.errors import BadInput
from data_utils.layout import DTYPES, FORMAT, FORMAT_VERSION, SPLITS, content_digest, test_path
from data_utils.replacing import replace_together, sync
from data_utils.summary import LeftOut, Part, summarise

_CHUNK = 1 << 24
# 11 bits of precision: steps of 0.001 mV at 1 mV and of 0.004 mV at 5 mV.
_DTYPE = np.dtype("<f2")


@dataclass(frozen=True)
class Description:
    """What is true of a whole dataset; see `data_utils.dataset.Dataset` for the meaning of each."""

    task: str
    classes: tuple[str, ...]
    class_names: tuple[str, ...]
    leads: tuple[str, ...]
    rate: float  # Hz
    covariates: tuple[str, ...]
    source: str
    licence: str
    simulated: bool
    groups_known: bool
    preparation: Mapping


@dataclass(frozen=True, eq=False)
class BeatRows:
    """The examples of one recording: its beats, its strips, or the whole of it."""

    anchor: np.ndarray  # (n,) samples from the recording's beginning, -1 without a beat
    target: np.ndarray  # (n, K) uint8
    covariates: np.ndarray  # (n, F) float32
    stretch: np.ndarray | None = None  # (n, 2) begin and length of what each may see; None is all


@dataclass(eq=False)
class _Side:
    """What goes into one file: samples spooled to disk, rows in memory."""

    spool: IO[bytes]
    parts: list[Part] = field(default_factory=list)
    rows: list[BeatRows] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)


class DatasetWriter:
    """Collects recordings, then writes both files at their exact size.

    Contiguous HDF5 cannot grow, so samples are spooled to an unnamed temporary file beside the target
    first; use it within `writing`, which cleans up.
    """

    def __init__(
        self, path: Path, folder: Path, description: Description, on_both_sides: Collection[str]
    ) -> None:
        self.path = path
        self.folder = folder
        self.description = description
        self.on_both_sides = on_both_sides
        self._splits: dict[str, str] = {}  # patient -> split
        self._sides = {sealed: _Side(_spool(folder)) for sealed in (False, True)}

    def add(self, name: str, group: str, split: str, samples: np.ndarray, rows: BeatRows) -> None:
        """Add one recording.

        Args:
            group: its patient.
            split: "train", "validation" or "test", the same for all recordings of a patient, except for those
                patients who were said to be on both sides.
            samples: (n, C) mV.
        Raises:
            ValueError: another number of leads, or a patient on two sides.
        """
        if self._splits.setdefault(group, split) != split and group not in self.on_both_sides:
            raise ValueError(f"{name} is {split}, but its patient {group} is {self._splits[group]}.")
        if samples.shape[1:] != (len(self.description.leads),):
            raise ValueError(f"{name} has {samples.shape[1:]} leads, not {len(self.description.leads)}.")
        side = self._sides[split == "test"]
        # Not tofile, whose error on a full disk does not say that it is full.
        side.spool.write(np.ascontiguousarray(samples, _DTYPE))
        side.parts.append(Part(name, group, split, rows.target))
        side.rows.append(rows)
        side.lengths.append(len(samples))

    def parts(self, sealed: bool = False) -> list[Part]:
        """The recordings added so far to the training file, or to the sealed one."""
        return self._sides[sealed].parts

    def finish(self, folds: Mapping[str, int], left_out: Sequence[LeftOut] = ()) -> None:
        """Write both files and move them to their places.

        Args:
            folds: patient-wise fold of every patient of the training file.
        Raises:
            BadInput: no rows for the training file.
        """
        if not any(len(rows.anchor) for rows in self._sides[False].rows):
            raise BadInput(
                f"No rows are left to train on, so {self.path} is not written{_because(left_out)}."
            )
        parts = [part for side in self._sides.values() for part in side.parts]
        summary = summarise(parts, self.description.classes, folds, left_out)
        finals = [self.path]
        digest = self._write(self.folder / self.path.name, False, folds, summary, None)
        if any(len(rows.anchor) for rows in self._sides[True].rows):
            finals.insert(0, test_path(self.path))
            self._write(self.folder / finals[0].name, True, {}, summary, digest)
        replace_together(self.folder, finals, gone=[test_path(self.path)] if len(finals) == 1 else [])

    def close(self) -> None:
        """Let go of the spooled samples."""
        for side in self._sides.values():
            side.spool.close()

    def _write(
        self, path: Path, sealed: bool, folds: Mapping, summary: dict, training_digest: str | None
    ) -> str:
        side = self._sides[sealed]
        with h5py.File(path, "w") as file:
            _write_attributes(file, self.description, sealed)
            _write_samples(file, side, len(self.description.leads))
            _write_rows(file, side, folds)
            file.create_dataset("summary", data=json.dumps(summary), dtype=h5py.string_dtype())
        with h5py.File(path, "r+") as file:
            digest = content_digest(file)
            file.attrs["digest"] = digest
            file.attrs["training_digest"] = training_digest or digest
        sync(path)
        return digest


def _because(left_out: Sequence[LeftOut]) -> str:
    """The first few reasons, for a dataset that came to nothing."""
    named = [f"{each.what} ({each.reason})" for each in left_out[:3]]
    more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
    return f"; left out: {', '.join(named)}{more}" if named else ""


def _spool(folder: Path) -> IO[bytes]:
    """A file without a name: it is gone as soon as this process is, however that ends."""
    return tempfile.TemporaryFile(dir=folder)


@contextmanager
def writing(
    path: Path, description: Description, overwrite: bool = False, on_both_sides: Collection[str] = ()
) -> Iterator[DatasetWriter]:
    """A writer for `path` and its `.test.h5`, whose working folder goes away however the block ends.

    Args:
        on_both_sides: patients whom a published split trains on and tests on; nobody else may be.
    Raises:
        BadInput: either file is there already (without `overwrite`), or the folder cannot be written to.
    """
    path = Path(path)
    refuse_existing(path, overwrite)
    # Named before it is made: whatever ends this, a signal too, finds it to take away.
    folder = path.parent / f"{_working_name(path)}{secrets.token_hex(4)}"
    try:
        _make_working(path, folder)
        with closing(DatasetWriter(path, folder, description, on_both_sides)) as writer:
            yield writer
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BadInput(f"There is no space left for {path}: free some, or choose another --out.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_working(path: Path, folder: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise BadInput(
            f"{path.parent} cannot be written to ({error.strerror}): choose another --out."
        ) from error


def refuse_existing(path: Path, overwrite: bool = False) -> None:
    """Raise BadInput if `path` or its `.test.h5` is there and may not be replaced."""
    for existing in (path, test_path(path)):
        if existing.is_dir():
            raise BadInput(f"{existing} is a folder: give --out the name of a file.")
        if existing.exists() and not overwrite:
            raise BadInput(f"{existing} is there already: choose another --out, or say --overwrite.")


def _working_name(path: Path, process: str | int | None = None) -> str:
    return f".{path.name}.{platform.node()}.{os.getpid() if process is None else process}."


def _remove_abandoned(path: Path) -> None:
    """Remove working folders of writers on this machine that were killed outright."""
    for folder in path.parent.glob(_working_name(path, "*") + "*"):
        process = folder.name.removeprefix(_working_name(path, "")[:-1]).split(".")[0]
        if process.isdigit() and not _alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_attributes(file: h5py.File, description: Description, sealed: bool) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["sealed"] = sealed
    for name in ("task", "source", "licence", "simulated", "groups_known", "rate"):
        file.attrs[name] = getattr(description, name)
    for name in ("classes", "class_names", "leads", "covariates"):
        file.attrs[name] = json.dumps(list(getattr(description, name)))
    file.attrs["preparation"] = json.dumps(dict(description.preparation), sort_keys=True)


def _write_samples(file: h5py.File, side: _Side, channels: int) -> None:
    dataset = file.create_dataset("samples", (sum(side.lengths), channels), _DTYPE)
    side.spool.seek(0)
    step = max(1, _CHUNK // (_DTYPE.itemsize * channels))
    for begin in range(0, len(dataset), step):
        count = min(step, len(dataset) - begin) * channels
        dataset[begin : begin + step] = np.fromfile(side.spool, _DTYPE, count).reshape(-1, channels)


def _write_rows(file: h5py.File, side: _Side, folds: Mapping[str, int]) -> None:
    lengths = np.array(side.lengths, np.int64)
    counts = [len(rows.anchor) for rows in side.rows]
    recording = np.repeat(np.arange(len(counts)), counts)
    stretches = np.concatenate([_stretches(*each) for each in zip(side.rows, side.lengths, strict=True)])
    columns = {
        "recording/first": np.cumsum(lengths) - lengths,
        "recording/length": lengths,
        "row/recording": recording,
        "row/start": stretches[:, 0],
        "row/length": stretches[:, 1],
        "row/anchor": np.concatenate([rows.anchor for rows in side.rows]),
        "row/split": np.array([SPLITS.index(part.split) for part in side.parts])[recording],
        "row/fold": np.array([folds.get(part.group, -1) for part in side.parts])[recording],
        "row/target": np.concatenate([rows.target for rows in side.rows]),
        "row/covariates": np.concatenate([rows.covariates for rows in side.rows]),
    }
    for name, values in columns.items():
        file.create_dataset(name, data=np.asarray(values).astype(DTYPES[name]))
    for name in ("name", "group"):
        texts = [getattr(part, name) for part in side.parts]
        file.create_dataset(f"recording/{name}", data=texts, dtype=h5py.string_dtype())


def _stretches(rows: BeatRows, length: int) -> np.ndarray:
    """(n, 2) begin and length of what the examples of a recording may see."""
    return np.tile([0, length], (len(rows.anchor), 1)) if rows.stretch is None else rows.stretch
