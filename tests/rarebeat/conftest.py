"""A user's terminal, for the tests that drive the real command lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rarebeat.processes import kill_processes, tree

BIN = Path(sys.executable).parent
SWEEP = """\
method: grid
project: road
command: ["${env}", "${interpreter}", "-m", "training.train"]
metric: {name: best/macro_auprc, goal: maximize}
parameters:
  loss: {values: [ce, focal]}
  sampler: {values: [none, sqrt]}
  gamma: {value: 2.0}
  epochs: {value: 2}
  steps_per_epoch: {value: 6}
  batch_size: {value: 32}
  n_blocks: {value: 2}
  filters: {value: 4}
  data: {value: nowhere.h5}
"""
# Far longer than any command of the tests takes, and shorter than pytest's own limit.
PATIENCE = 240.0


class Shell:
    """A user's terminal: a working folder and an environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        # Rows that the client still holds back when its process is killed are lost: let it hold back little.
        quick = {"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}
        theirs = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB_", "RAREBEAT_"))}
        self.environment = {**theirs, **quick, **(environment or {}), "PATH": path}
        self.environment.pop("COLUMNS", None)
        self.patience = PATIENCE

    def start(self, *command: str | Path) -> subprocess.Popen:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str | Path, code: int = 0) -> subprocess.CompletedProcess:
        process = self.start(*command)
        return self.end(process, code)

    def end(self, process: subprocess.Popen, code: int = 0) -> subprocess.CompletedProcess:
        try:
            out, err = process.communicate(timeout=self.patience)
        finally:
            kill_processes(tree([process.pid]))
        assert process.returncode == code, f"{process.args} ended with {process.returncode}:\n{out}\n{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *command: str | Path) -> dict:
        return json.loads(self.run(*command, "--json").stdout)

    def refuses(self, *command: str | Path) -> str:
        """The one sentence with which a command refuses its input."""
        done = self.run(*command, code=2)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        said = [line for line in done.stderr.splitlines() if not line.startswith(("Usage:", "Try "))]
        assert len([line for line in said if line]) == 1, done.stderr
        return done.stderr


@pytest.fixture(scope="session")
def terminal() -> Callable[..., Shell]:
    """Opens a terminal: `terminal(folder, environment)`."""
    return Shell


@pytest.fixture(scope="session")
def sweep_yaml() -> str:
    """A grid of four short runs."""
    return SWEEP


@pytest.fixture(scope="session")
def data(tmp_path_factory, terminal) -> Path:
    """A small data file of simulated beats."""
    folder = tmp_path_factory.mktemp("data")
    file = folder / "simulated.h5"
    terminal(folder).run("rarebeat", "data", "simulate", "--out", file, "--patients", "12", "--minutes", "3")
    return file
