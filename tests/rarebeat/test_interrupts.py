"""Ctrl-C at random moments, ten times over, then the same command: no run is lost, none is trained twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from rarebeat.processes import tree

POINTS, INTERRUPTS = 30, 10
SIGMAS = [round(0.01 * i, 2) for i in range(1, POINTS + 1)]
SWEEP = f"""\
method: grid
project: interrupted
command: ["${{env}}", "${{interpreter}}", "-m", "training.train"]
metric: {{name: best/macro_auprc, goal: maximize}}
parameters:
  noise_sigma: {{values: {SIGMAS}}}
  sampler: {{value: oversample_noise}}
  model: {{value: mlp}}
  epochs: {{value: 2}}
  steps_per_epoch: {{value: 2}}
  batch_size: {{value: 16}}
  data: {{value: nowhere.h5}}
"""
# Before the command has begun in earnest Python or click end it, in their own words.
INTERRUPTED = (130, 1, -signal.SIGINT)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_run_is_lost_or_repeated_however_often_the_sweep_is_interrupted(tmp_path, terminal, data, seed):
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    shell = terminal(tmp_path, {"HOME": str(tmp_path)})
    command = ["rarebeat", "sweep", "sweep.yaml", "--local", "--data", data, "--agents", "2", "--json"]
    rng = np.random.default_rng(seed)
    startup, printed, left = 0.0, "", INTERRUPTS
    while left and not printed:
        process, began = shell.start(*command), time.monotonic()
        if startup and rng.random() < 0.3:
            time.sleep(rng.uniform(0, 0.8 * startup))
        else:
            wait_for_a_run(process)
            startup = time.monotonic() - began
            time.sleep(rng.uniform(0, 5))
        printed, left = interrupt(process), left - 1
    # A fast machine may be through before it was interrupted as often.
    if not printed:
        printed, said = shell.start(*command).communicate(timeout=2400)
        assert printed, said
    result = json.loads(printed)
    runs = result["leaderboard"]["runs"]
    assert sorted(run["hyperparameters"]["noise_sigma"] for run in runs) == SIGMAS, result
    assert [run["state"] for run in runs] == ["finished"] * POINTS
    assert [len(run["runs"]) for run in runs] == [1] * POINTS
    assert result["leaderboard"]["others"] == {}
    assert left < INTERRUPTS / 2


def wait_for_a_run(process: subprocess.Popen) -> None:
    """Wait until a run of the command is under way, or the command has ended."""
    while process.poll() is None and not any(is_run(pid) for pid, _ in tree([process.pid])):
        time.sleep(0.1)


def is_run(pid: int) -> bool:
    """Whether it is a fork that trains: it writes to a log of its own."""
    try:
        log = Path(os.readlink(f"/proc/{pid}/fd/1"))
    except OSError:
        return False
    return log.parent.parent.name == "logs" and not log.name.startswith("agent-")


def interrupt(process: subprocess.Popen) -> str:
    """Ctrl-C, after which nothing of the command is left; what it has printed where it was at its end."""
    started = tree([process.pid])
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=600)
    assert process.returncode in (*INTERRUPTED, 0), said
    assert not tree(pid for pid, _ in started) & started, said
    return printed if process.returncode == 0 else ""
