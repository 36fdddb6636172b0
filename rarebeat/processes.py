"""Processes and all they have started, across process groups: an agent's runs are in groups of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

# (process id, when it started): ids are given again, the pair is not.
Process = tuple[int, str]
# A killed process that waits for a disk goes when the disk answers; nobody waits for that longer (s).
GONE_SECONDS = 5.0


def _table() -> dict[int, tuple[int, str]]:
    """Parent and start of every process that still runs, by id: a zombie is over."""
    # Slim containers have no ps; macOS has no /proc.
    return _from_proc() if Path("/proc/self/stat").exists() else _from_ps()


def _from_proc() -> dict[int, tuple[int, str]]:
    table = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold anything; then come state, parent and, as the 20th, the start.
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            table[int(stat.parent.name)] = (int(fields[1]), fields[19])
    return table


def _from_ps() -> dict[int, tuple[int, str]]:
    command = ["ps", "-eo", "pid=,ppid=,stat=,lstart="]
    listing = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"LC_ALL": "C"}
    )
    rows = (line.split(None, 3) for line in listing.stdout.splitlines())
    return {
        int(pid): (int(parent), started.strip())
        for pid, parent, state, started in rows
        if not state.startswith("Z")
    }


def tree(roots: Iterable[int]) -> set[Process]:
    """The processes `roots` and all that descend from them, as they are now."""
    table = _table()
    found = {pid for pid in roots if pid in table}
    while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return {(pid, table[pid][1]) for pid in found}


def kill_processes(processes: Iterable[Process]) -> None:
    """Kill (SIGKILL) those that are still there, and wait until they are gone."""
    end = time.monotonic() + GONE_SECONDS
    while left := _still_there(processes := set(processes)):
        for pid, _ in left:
            _kill(pid)
        if time.monotonic() > end:
            return
        time.sleep(0.02)


def _still_there(processes: set[Process]) -> set[Process]:
    return processes & {(pid, started) for pid, (_, started) in _table().items()}


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
