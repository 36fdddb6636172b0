"""Where a run stands, kept on disk after each epoch: a run that was killed goes on from there.

A checkpoint is one file of arrays that NumPy reads without pickle, written beside its place and renamed into
it, so that it is whole or not there. It holds the model's and the optimiser's variables, random states
included, what the callbacks remember, and every row that was logged.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np

HYPERPARAMETERS = {
    "checkpoint_every": {
        "type": "int",
        "default": 1,
        "min": 0,
        "max": 10000,
        "meaning": "Epochs between two checkpoints; 0 keeps none, so that a killed run starts afresh.",
    },
    "checkpoint_upload": {
        "type": "bool",
        "default": False,
        "meaning": "Whether the last three checkpoints are also among the run's files, where another machine "
        "finds them.",
    },
}

# Another one where what callbacks remember is kept in another way: an older file is not taken up then.
_FORMAT = 2
# What may differ between two attempts of one run.
_ELSEWHERE = {"data", "checkpoint_every", "checkpoint_upload", "max_minutes", "max_memory_gb"}
# Checkpoints of runs that nobody went on with.
_FORGOTTEN_SECONDS = 14 * 24 * 3600.0
FOLDER = "checkpoint"
KEPT = 3


class Checkpoints:
    """The checkpoints of one run: the epoch that it stands at, and its finished folds.

    Args:
        folder: where they lie; None keeps none.
        identity: of the run's hyperparameters and data; checkpoints of another are not taken up.
        every: epochs between two checkpoints.
        share: takes each file that is written, to bring it where another machine finds it.

    Attributes:
        rows: every row that the run has logged, in order; the caller adds to it.
    """

    def __init__(
        self,
        folder: Path | None = None,
        identity: str = "",
        every: int = 1,
        share: Callable[[Path], None] | None = None,
    ) -> None:
        self.folder = folder if every else None
        self.identity = identity
        self.every = every
        self.share = share
        self.rows: list[dict[str, float]] = []
        self._written = 0
        self._seconds, self._since = 0.0, time.monotonic()
        self._epoch: dict[str, Any] | None = None
        self._members: dict[str, dict[str, Any]] = {}

    def load(self) -> bool:
        """Take up what an earlier attempt has left; False where there is nothing of this run."""
        found = [tree for path in self._files() if (tree := _read(path, self.identity)) is not None]
        self._members = {tree["fold"]: tree for tree in found if "member" in tree}
        epochs = [tree for tree in found if "epoch" in tree and tree["fold"] not in self._members]
        self._epoch = max(epochs, key=lambda tree: tree["epoch"], default=None)
        last = max(found, key=lambda tree: len(tree["rows"]), default=None)
        if last:
            self.rows, self._seconds = last["rows"], max(tree["seconds"] for tree in found)
            self._written = max(tree["number"] for tree in found)
        return bool(found)

    def seconds(self) -> float:
        """Return how long this run has taken, over all its attempts that left a checkpoint."""
        return self._seconds + time.monotonic() - self._since

    def member(self, fold: int | None) -> dict[str, Any] | None:
        """Return what `save_member` was given for a fold that is finished."""
        return self._members.get(str(fold), {}).get("member")

    def epoch(self, fold: int | None) -> dict[str, Any] | None:
        """Return where a fold under way stands: "epoch", "over", "model", "optimizer", "callbacks"."""
        return self._epoch if self._epoch and self._epoch["fold"] == str(fold) else None

    def place(self) -> str:
        """Return where the run stands, in words."""
        if self._epoch:
            fold = "" if self._epoch["fold"] == "None" else f" of fold {self._epoch['fold']}"
            return f"epoch {self._epoch['epoch']}{fold}"
        return f"its {len(self._members)} finished folds"

    def save_member(self, fold: int | None, member: dict[str, Any]) -> None:
        """Keep a finished fold: plain data and arrays."""
        self._write(f"fold-{fold}.npz", {"fold": str(fold), "member": member})

    def save_epoch(self, fold: int | None, epoch: int, state: dict[str, Any]) -> None:
        """Keep where a fold stands after `epoch` epochs."""
        slot = self._written % KEPT if self.share else 0
        self._write(f"epoch-{slot}.npz", {"fold": str(fold), "epoch": epoch, **state})

    def clear(self) -> None:
        """Remove what is on this machine: the run is over."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted((self.folder / FOLDER).glob("*.npz")) if self.folder else []

    def _write(self, name: str, tree: dict[str, Any]) -> None:
        if not self.folder:
            return
        self._written += 1
        state = {"identity": self.identity, "rows": self.rows, "seconds": self.seconds()}
        path = self.folder / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, {**state, "number": self._written, **tree})
        if self.share:
            self.share(path)


class Keeper(keras.callbacks.Callback):
    """Writes a checkpoint after every n-th epoch and the last; stands behind all other callbacks.

    Args:
        checkpoints: of the run.
        fold: which is being fitted.
        others: the other callbacks; what they remember (public numbers, texts, arrays, and lists and mappings
            of these) is kept and given back.
    """

    def __init__(
        self, checkpoints: Checkpoints, fold: int | None, others: Sequence[keras.callbacks.Callback]
    ) -> None:
        super().__init__()
        self.checkpoints, self.fold, self.others = checkpoints, fold, list(others)

    def on_train_begin(self, logs: dict | None = None) -> None:
        # Only now: at the beginning of training Keras's callbacks forget what they knew.
        if kept := self.checkpoints.epoch(self.fold):
            # By name: limits come and go between two attempts.
            for callback in self.others:
                vars(callback).update(kept["callbacks"].get(type(callback).__name__, {}))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        model, checkpoints = self.model, self.checkpoints
        last = model.stop_training or epoch + 1 == self.params["epochs"]
        if checkpoints.folder and (last or (epoch + 1) % checkpoints.every == 0):
            state = {
                "over": bool(last),
                "model": [np.asarray(variable) for variable in model.variables],
                "optimizer": [np.asarray(variable) for variable in model.optimizer.variables],
                "callbacks": {type(callback).__name__: _memory(callback) for callback in self.others},
            }
            checkpoints.save_epoch(self.fold, epoch + 1, state)


def restore(model: keras.Model, kept: Mapping[str, Any]) -> None:
    """Give a model whose optimiser is built the variables of a checkpoint, the optimiser's included."""
    for name, variables in (("model", model.variables), ("optimizer", model.optimizer.variables)):
        for variable, value in zip(variables, kept[name], strict=True):
            variable.assign(value)


def identity(hp: Mapping, digest: str) -> str:
    """Return what two attempts of one run have in common: hyperparameters, data, and what a file holds."""
    same = {name: value for name, value in hp.items() if name not in _ELSEWHERE}
    return hashlib.sha256(json.dumps([_FORMAT, same, digest], sort_keys=True).encode()).hexdigest()


def forget_old(root: Path) -> None:
    """Remove the checkpoints in `root` that nobody has written to for two weeks, and nothing else there."""
    for folder in root.glob(f"*/{FOLDER}"):
        # What another run removes at the same time, or what others have put beside them.
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _FORGOTTEN_SECONDS:
                for file in [*folder.glob("epoch-*"), *folder.glob("fold-*")]:
                    file.unlink()
                folder.rmdir()
                folder.parent.rmdir()


def _memory(callback: keras.callbacks.Callback) -> dict[str, Any]:
    public = {name: value for name, value in vars(callback).items() if name[0] != "_" and name != "params"}
    return {name: value for name, value in public.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | np.ndarray | np.generic)


def _write(path: Path, tree: dict[str, Any]) -> None:
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_without_arrays(tree, arrays))
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with partial.open("wb") as file:
            np.savez(file, tree=np.array(text), **arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _without_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON takes it; each array goes into `arrays` and leaves its number behind."""
    if isinstance(value, Mapping):
        return {key: _without_arrays(one, arrays) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_arrays(one, arrays) for one in value]
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    return value.item() if isinstance(value, np.generic) else value


def _read(path: Path, wanted: str) -> dict[str, Any] | None:
    """Return the tree of a checkpoint; None where it is of another run or cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            tree = json.loads(str(stored["tree"]))
            if tree["identity"] != wanted:
                return None
            return _with_arrays(tree, stored)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile):
        return None


def _with_arrays(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"array"}:
            return arrays[value["array"]]
        return {key: _with_arrays(one, arrays) for key, one in value.items()}
    return [_with_arrays(one, arrays) for one in value] if isinstance(value, list) else value
