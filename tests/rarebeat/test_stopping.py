"""Stopping from W&B's side what is really training: one run, and the whole sweep."""

from __future__ import annotations

import json
import signal
import sys
import time

import pytest

from rarebeat.processes import tree

SWEEP = """\
method: grid
project: stopped
command: ["${env}", "${interpreter}", "-m", "training.train"]
metric: {name: best/macro_auprc, goal: maximize}
parameters:
  seed: {values: [0, 1]}
  epochs: {value: 2000}
  patience: {value: 2000}
  steps_per_epoch: {value: 6}
  batch_size: {value: 32}
  n_blocks: {value: 2}
  filters: {value: 4}
"""
# What W&B's page does, by its own client: `stop` the run that trains, or `look` at the sweep's runs.
CLIENT = """
import json, sys, wandb
OVER = ("killed", "preempted")
api = wandb.Api()
runs = list(api.sweep(sys.argv[2]).runs)
if sys.argv[1] == "stop":
    (run,) = [run for run in runs if run.state == "running"]
    run.stop()
print(json.dumps([
    {
        "state": run.state,
        "epochs": run.summary_metrics.get("epoch", 0),
        "best": run.summary_metrics.get("best/macro_auprc"),
        "files": [file.name for file in run.files()],
        "log": run.file("output.log").download(replace=True).read() if run.state in OVER else "",
    }
    for run in runs
]))
"""
KEPT = {"config.yaml", "output.log", "requirements.txt", "wandb-metadata.json", "wandb-summary.json"}


@pytest.fixture
def ask(tmp_path, terminal, backend, data):
    """A terminal, and what the client says of the sweep at a path."""
    shell = terminal(tmp_path, {**backend.env, "RAREBEAT_DATA": str(data)})
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    (tmp_path / "client.py").write_text(CLIENT, encoding="utf-8")

    def ask(what: str, path: str) -> list[dict]:
        return json.loads(shell.run(sys.executable, "client.py", what, path).stdout.splitlines()[-1])

    ask.shell = shell
    return ask


def until(condition, seconds: float = 400.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.5)
    return found


def create(shell) -> str:
    return shell.run("wandb", "sweep", "sweep.yaml").stderr.split("wandb agent ")[1].split()[0]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_that_is_stopped_keeps_its_files_and_a_cancelled_sweep_ends_with_its_agent(ask):
    path = create(ask.shell)
    agent = ask.shell.start("rarebeat", "agent", path)
    try:
        until(lambda: [run for run in ask("look", path) if run["epochs"] > 1])
        ask("stop", path)
        (stopped,) = until(lambda: [run for run in ask("look", path) if run["state"] == "killed"])
        assert set(stopped["files"]) >= KEPT
        assert stopped["best"] > 0
        # By the client's interrupt or by its agent's signal, whichever is first.
        assert stopped["log"].splitlines()[-1].startswith(("Stopped.", "Asked to end"))

        until(lambda: [run for run in ask("look", path) if run["state"] == "running" and run["epochs"] > 1])
        begun = tree([agent.pid])
        ask.shell.run("wandb", "sweep", "--cancel", path)
        ask.shell.end(agent)
    finally:
        agent.send_signal(signal.SIGTERM)
    runs = ask("look", path)
    assert [run["state"] for run in runs] == ["killed", "killed"]
    assert all(set(run["files"]) >= KEPT for run in runs)
    until(lambda: not tree(pid for pid, _ in begun) & begun, seconds=20)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_agent_that_a_script_started_beside_itself_lets_its_run_be_preempted_in_order(ask):
    path = create(ask.shell)
    # A shell's background command ignores Ctrl-C, as in docs/slurm.sh.
    agent = ask.shell.start("sh", "-c", f"trap '' INT; exec rarebeat agent {path}")
    try:
        until(lambda: [run for run in ask("look", path) if run["epochs"] > 1])
        agent.send_signal(signal.SIGTERM)
        ask.shell.end(agent, code=130)
    finally:
        agent.send_signal(signal.SIGTERM)
    (run,) = ask("look", path)
    assert run["state"] == "preempted"
    assert run["log"].splitlines()[-1].startswith("Asked to end")
    assert set(run["files"]) >= KEPT
