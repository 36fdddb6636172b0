"""What failed runs said last, read from their agents' logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

# The client's agent writes these lines around what its run writes (wandb 0.31, wandb_agent.py).
AGENT_LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ - wandb\.wandb_agent - \w+ - (.*)$")
STARTED = re.compile(r"About to run command:")
RUNNING = re.compile(r"Running runs: \['(\w+)'\]")
ENDED = re.compile(r"Cleaning up finished run: (\w+)")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# The client's own words, and the bookkeeping that TensorFlow prints at every start.
NOISE = re.compile(r"^(wandb:|WARNING: All log messages before absl|[IWE]0000 00:00:)")


def last_words(logs: Path, lines: int = 5) -> dict[str, list[str]]:
    """The last `lines` lines of each run in the agents' logs of folder `logs`, by run id.

    The client's and TensorFlow's own lines are left out. Of a run tried several times it is the last try.
    """
    said: dict[str, list[str]] = {}
    for log in sorted(logs.glob("agent-*.log")):
        said |= {run: words[-lines:] for run, words in _runs(log.read_text(errors="replace").splitlines())}
    return said


def last_line(logs: Path) -> str:
    """The last line that any run or agent in the logs of folder `logs` wrote; empty where none did."""
    newest = sorted(logs.glob("agent-*.log"), key=lambda log: log.stat().st_mtime)
    for log in reversed(newest):
        runs = [words for _, words in _runs(log.read_text(errors="replace").splitlines()) if words]
        if runs:
            return runs[-1][-1]
        spoken = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        if spoken:
            return ANSI.sub("", spoken[-1]).strip()
    return ""


def _runs(log: list[str]) -> Iterator[tuple[str, list[str]]]:
    run, words = "", []
    for line in (ANSI.sub("", line.rsplit("\r", 1)[-1]).rstrip() for line in log):
        agent = AGENT_LINE.match(line)
        if agent is None:
            words += [line] if line and not NOISE.match(line) else []
        elif STARTED.search(agent[1]):
            run, words = "", []
        elif named := RUNNING.search(agent[1]) or ENDED.search(agent[1]):
            run = named[1]
            if ENDED.search(agent[1]):
                yield run, words
                run, words = "", []
    if run:
        yield run, words
