"""The hyperparameters and metrics of our training, without importing Keras: asked once, and kept."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

from data_utils.cache import cache_folder
from data_utils.errors import BadInput
from rarebeat.sweep_rules import Table

# Seconds for the table. Importing Keras takes five, and minutes where training takes every core: waiting is
# better than refusing a sweep for that.
PATIENCE = 600
# Packages that declare hyperparameters.
DECLARING = ("data_utils", "models", "training")


@functools.cache
def training_table() -> Table:
    """What `python -m training.hyperparameters` prints; kept in the cache until the program changes.

    Raises:
        BadInput: that program failed, as it does when a plug-in cannot be imported.
    """
    state = _state()
    printed = _kept(state) if state else None
    if printed is None:
        printed = _ask()
        if state:
            _keep(state, printed)
    return Table(printed["hyperparameters"], tuple(printed["metrics"]))


def _ask() -> dict:
    command = [sys.executable, "-P", "-m", "training.hyperparameters"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"the hyperparameters of training.train were not read within {PATIENCE} s: try again when this "
            "machine has less to do"
        ) from None
    if done.returncode != 0:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise BadInput(f"the hyperparameters of training.train could not be read: {reason}")
    return json.loads(done.stdout[done.stdout.index("{") :])


def _state() -> str | None:
    """What the table depends on, as a digest; None with plug-ins, which may depend on anything."""
    if os.environ.get("RAREBEAT_PLUGINS"):
        return None
    folders = [Path(importlib.util.find_spec(package).origin).parent for package in DECLARING]
    known = [sys.version, importlib.metadata.version("keras"), os.environ.get("KERAS_BACKEND", "")]
    for file in (file for folder in folders for file in sorted(folder.rglob("*.py"))):
        of = file.stat()
        known.append(f"{file} {of.st_size} {of.st_mtime_ns}")
    return hashlib.sha256("\n".join(known).encode()).hexdigest()


def _cache() -> Path:
    return cache_folder() / "hyperparameters.json"


def _kept(state: str) -> dict | None:
    try:
        kept = json.loads(_cache().read_text(encoding="utf-8"))
        return kept["table"] if kept["state"] == state else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(state: str, table: dict) -> None:
    """Without a folder to write in there is no cache, which costs nothing but time."""
    path = _cache()
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            # Gone already where it has become the cache; left by a full disk otherwise.
            stack.callback(Path(file.name).unlink, missing_ok=True)
            json.dump({"state": state, "table": table}, file)
        os.replace(file.name, path)
