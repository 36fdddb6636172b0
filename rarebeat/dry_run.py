"""A sweep's command run once on a sliver of the work, with W&B offline, to see that its metric arrives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from data_utils.errors import BadInput
from rarebeat.probe import corners

PATIENCE = 600  # seconds
SLIVER = {"epochs": 1, "steps_per_epoch": 2}


def dry_run(config: Mapping[str, Any], data: str | None) -> str:
    """Run the lowest point of a sweep for two steps; return a sentence that says what its metrics came to.

    Raises:
        BadInput: the command failed, took too long, or did not log the metric.
    """
    metrics = [metric["name"] for metric in config.get("metrics") or [config["metric"]]]
    with tempfile.TemporaryDirectory(prefix="rarebeat-dry-") as folder:
        printed = _run(_command(config["command"]), _environment(Path(folder), corners(config)[0], data))
        logged = read_summary(Path(folder))
    if missing := [metric for metric in metrics if metric not in logged]:
        names = ", ".join(sorted(name for name in logged if not name.startswith("_"))[:5]) or "nothing"
        what = f"{missing[0]} did not arrive; what did: {names}"
        raise BadInput(f"the dry run ended well, but {what}\n{printed}")
    arrived = ", ".join(f"{metric} arrived, {logged[metric]:.4g}" for metric in metrics)
    return f"dry run: {arrived} after two steps"


def _command(command: list[str]) -> list[str]:
    """W&B's macros as its agent fills them in; no `${args}`, as the run reads its configuration."""
    known = {"${interpreter}": [sys.executable], "${env}": ["/usr/bin/env"], "${args}": []}
    return [word for part in command for word in known.get(part, [part])]


def _environment(folder: Path, point: Mapping[str, Any], data: str | None) -> dict[str, str]:
    """What `wandb agent` would set, but for the server."""
    path = folder / "point.yaml"
    path.write_text(yaml.safe_dump({name: {"value": value} for name, value in {**point, **SLIVER}.items()}))
    offline = {"WANDB_MODE": "offline", "WANDB_DIR": str(folder), "WANDB_SWEEP_PARAM_PATH": str(path)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    return {**kept, **offline, **({"RAREBEAT_DATA": data} if data else {})}


def _run(command: list[str], environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadInput(f"the dry run took longer than {PATIENCE} s for two steps") from None
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "it printed nothing").splitlines()[-1]
        raise BadInput(f"the dry run failed with exit code {done.returncode}: {reason}")
    return done.stdout[-500:]


def read_summary(folder: Path) -> dict[str, float]:
    """Return the last number of each name that a run has logged with W&B offline, below `folder`."""
    from wandb.proto.wandb_internal_pb2 import Record  # a second to import, and only a dry run wants it

    logged: dict[str, float] = {}
    for file in folder.glob("wandb/offline-run-*/*.wandb"):
        for content in _records(file.read_bytes()):
            record = Record.FromString(content)
            for item in (*record.history.item, *record.summary.update):
                value = json.loads(item.value_json)
                if isinstance(value, int | float):
                    logged[item.key or "/".join(item.nested_key)] = value
    return logged


HEADER, BLOCK = 7, 32768


def _records(content: bytes) -> list[bytes]:
    """The records of a LevelDB log: 4 bytes of CRC, 2 of length, 1 of type (whole, first, middle, last) each.

    A block ends in zeros where no further head fits in.
    """
    found, part, place = [], b"", HEADER
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
            continue
        length, kind = int.from_bytes(content[place + 4 : place + 6], "little"), content[place + 6]
        chunk = content[place + 7 : place + 7 + length]
        part = chunk if kind in (1, 2) else part + chunk
        if kind in (1, 4):
            found.append(part)
        place += 7 + length
    return found
