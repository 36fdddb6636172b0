"""Sweeps that were begun here and are not at their end, so that the same command goes on with its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_utils.errors import BadInput
from rarebeat.ranking import RANKED_STATES
from rarebeat.sweep_runs import SweepRuns, find_sweep, read_sweep

if TYPE_CHECKING:
    import wandb

FOLDER = Path("runs/sweeps")
OPEN_STATES = ("PENDING", "RUNNING", "PAUSED")
ENDED = (*RANKED_STATES, "failed", "crashed")


def remember(config: dict[str, Any], url: str, project: str, path: str) -> None:
    """Note that the sweep of `config` on the server at `url` is the one at `path`."""
    file = _file(config, url, project)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"sweep": path}) + "\n", encoding="utf-8")


def find_unfinished(
    api: wandb.Api, config: dict[str, Any], url: str, project: str, total: int | None
) -> SweepRuns | None:
    """Return the sweep that the same command began before, if the server has it and it is not at its end.

    Args:
        total: runs that it has in all; None where it has no end.
    """
    runs = find_remembered(api, config, url, project)
    if runs is None:
        return None
    over = sum(entry.state in ENDED for entry in runs.entries)
    is_open = runs.state.upper() in OPEN_STATES and (total is None or over < total)
    return runs if is_open else None


def find_remembered(api: wandb.Api, config: dict[str, Any], url: str, project: str) -> SweepRuns | None:
    """Return the sweep that the same command began before, if the server has it."""
    file = _file(config, url, project)
    try:
        path = json.loads(file.read_text(encoding="utf-8"))["sweep"]
        return read_sweep(api, find_sweep(api, path))
    except (OSError, ValueError, KeyError, BadInput):
        return None


def _file(config: dict[str, Any], url: str, project: str) -> Path:
    what = json.dumps([config, url, project], sort_keys=True, default=str)
    return FOLDER / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.json"
