"""What runs said last, read from the logs that their agents keep: `<run id>.log`, beside `agent-<n>.log`."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

AGENT = re.compile(r"agent-\d+\.log")
# What the client's agent says of its runs: that one is started, then, at its next turn, the names of all.
RUNS = re.compile(r"Agent starting run with config|Running runs: \[(.*)\]$")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# The client's own words, and the bookkeeping that TensorFlow prints at every start.
NOISE = re.compile(r"^(wandb:|WARNING: All log messages before absl|[IWE]0000 00:00:)")
# The end of a log that is looked at (bytes): a run may have printed for hours.
TAIL = 1 << 16


def new_agent_log(folder: Path) -> Path:
    """Make the log of one more agent in `folder`, which commands and machines may share."""
    numbers = itertools.count(1)
    while True:
        log = folder / f"agent-{next(numbers)}.log"
        try:
            log.touch(exist_ok=False)
        except FileExistsError:
            continue
        return log


def last_words(logs: Path, lines: int = 5) -> dict[str, list[str]]:
    """The last `lines` lines of each run with a log in folder `logs`, by run id.

    The client's and TensorFlow's own lines are left out. Of a run tried several times it is the last try.
    """
    return {log.stem: words[-lines:] for log in _logs(logs) if (words := _words(log))}


def words_of(logs: Path, run: str, lines: int) -> list[str]:
    """The last `lines` lines of one run; none where folder `logs` has no log of it."""
    log = logs / f"{run}.log"
    return _words(log)[-lines:] if log.is_file() else []


def runs_of_agent(log: Path) -> list[str] | None:
    """The runs that an agent has, by the latest of the client's own lines; None before the first.

    One that has just been started has no name there yet: it is "".
    """
    if not log.is_file():
        return None
    said = [found[1] for line in _words(log, keep_noise=True) if (found := RUNS.search(line))]
    if not said:
        return None
    return [""] if said[-1] is None else re.findall(r"\w+", said[-1])


def last_line(logs: Path) -> str:
    """The last line that any run, or else any agent, wrote into folder `logs`; empty where none did."""
    for of_agents in (False, True):
        newest = sorted(_logs(logs, of_agents), key=lambda log: log.stat().st_mtime, reverse=True)
        for log in newest:
            if words := _words(log, keep_noise=of_agents):
                return words[-1]
    return ""


def _logs(folder: Path, of_agents: bool = False) -> list[Path]:
    return [log for log in folder.glob("*.log") if bool(AGENT.fullmatch(log.name)) == of_agents]


def _words(log: Path, keep_noise: bool = False) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        text = file.read().decode(errors="replace")
    # A progress bar redraws its line after a carriage return.
    lines = (ANSI.sub("", line.rsplit("\r", 1)[-1]).rstrip() for line in text.splitlines())
    return [line for line in lines if line and (keep_noise or not NOISE.match(line))]
