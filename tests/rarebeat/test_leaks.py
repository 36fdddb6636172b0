"""An agent that has trained fifty runs is what it was after five: memory, descriptors, processes."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from rarebeat.processes import Process, kill_processes, tree

RUNS, EARLY = 50, 5
# MB. The interpreters keep a little of what they load late; a leak of one run's data would be ten times this.
GROWTH = 12.0
SWEEP = f"""\
method: grid
command: ["${{env}}", "${{interpreter}}", "-m", "training.train"]
metric: {{name: best/macro_auprc, goal: maximize}}
parameters:
  seed: {{values: {list(range(RUNS))}}}
  model: {{value: mlp}}
  epochs: {{value: 1}}
  steps_per_epoch: {{value: 1}}
  batch_size: {{value: 16}}
"""


@dataclass(frozen=True)
class Footprint:
    """Of one process: memory in MB, without what it has mapped from files, and open descriptors."""

    memory: float
    descriptors: int


def footprint(pid: int) -> Footprint:
    status = Path(f"/proc/{pid}/status").read_text()
    memory = int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1024
    return Footprint(memory, len(list(Path(f"/proc/{pid}/fd").iterdir())))


def fork_server(agent: int) -> int:
    """The process that the agent's runs are forked from, which comes before all of them."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid, _ in tree([agent])}
    return min(pid for pid, command in commands.items() if "forkserver import main" in command)


def wait_until_begun(logs: Path, runs: int, agent: subprocess.Popen) -> None:
    """Wait until a run has begun after `runs` others: each has a log."""
    while len([log for log in logs.glob("*.log") if not log.name.startswith("agent-")]) <= runs:
        assert agent.poll() is None, "the agent ended early"
        time.sleep(0.2)
    # The run is under way and the agent waits for it.
    time.sleep(2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_runs_leave_agent_and_fork_server_as_they_were_after_five(tmp_path, terminal, backend, data):
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    shell = terminal(tmp_path, {**backend.env, "WANDB_ENTITY": "local", "RAREBEAT_DATA": str(data)})
    created = shell.run("wandb", "sweep", "--project", "leaks", "sweep.yaml").stderr
    path = re.search(r"wandb agent (\S+/\w+)", created)[1]
    command = [sys.executable, "-m", "rarebeat.warm", path, "--logs", "logs"]
    with (tmp_path / "agent.log").open("wb") as log:
        agent = subprocess.Popen(command, cwd=tmp_path, env=shell.environment, stdout=log, stderr=log)
    try:
        seen = {}
        for runs in (EARLY, RUNS - 1):
            wait_until_begun(tmp_path / "logs", runs, agent)
            seen[runs] = {"agent": footprint(agent.pid), "forks": footprint(fork_server(agent.pid))}
        started = tree([agent.pid])
        assert agent.wait(600) == 0
        left = _still_there(started)
    finally:
        kill_processes(tree([agent.pid]))
    print(seen)  # pytest -rP shows it
    early, late = seen.values()
    for process, before in early.items():
        assert late[process].memory - before.memory < GROWTH, seen
        assert late[process].descriptors == before.descriptors, seen
    assert not left


def _still_there(started: set[Process]) -> set[Process]:
    """Those of `started` that are there a minute later: TensorFlow takes its time to end."""
    end = time.monotonic() + 60
    while (left := tree(pid for pid, _ in started) & started) and time.monotonic() < end:
        time.sleep(0.2)
    return left
