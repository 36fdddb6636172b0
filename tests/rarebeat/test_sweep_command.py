"""`rarebeat sweep` from start to end, with real agents and training, also killed and interrupted."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from rarebeat.processes import tree

TWO_RUNS = ["--set", "sampler=none"]


@pytest.fixture
def elsewhere(tmp_path, terminal, sweep_yaml):
    """A terminal in which another server is configured, which `--local` must not care about."""
    (tmp_path / "sweep.yaml").write_text(sweep_yaml, encoding="utf-8")
    other = {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_ENTITY": "team", "WANDB_MODE": "offline"}
    return terminal(tmp_path, {"HOME": str(tmp_path), **other})


def training_processes(root: int) -> list[int]:
    """The training processes below process `root`: forks whose output goes to a run's own log."""
    return [pid for pid, _ in tree([root]) if is_run(pid)]


def is_run(pid: int) -> bool:
    try:
        output = os.readlink(f"/proc/{pid}/fd/1")
    except OSError:
        return False
    own = "/runs/logs/" in output and not Path(output).name.startswith("agent-")
    return own and "wandb-core" not in command_of(pid)


def command_of(pid: int) -> str:
    """A process's command line; empty when it is over."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def wait_for(condition, seconds: float = 180.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
    return found


def test_sweep_on_the_configured_backend_writes_nothing_but_json_on_stdout(
    tmp_path, terminal, backend, data, sweep_yaml
):
    (tmp_path / "sweep.yaml").write_text(sweep_yaml, encoding="utf-8")
    one_run = ["--data", data, *TWO_RUNS, "--set", "loss=ce"]
    result = terminal(tmp_path, backend.env).json("rarebeat", "sweep", "sweep.yaml", *one_run)
    assert result["best"]["run"] == result["leaderboard"]["runs"][0]["run"]
    assert (tmp_path / "runs/best/model.keras").is_file()


def test_sweep_local_goes_the_whole_road_and_takes_its_server_down(elsewhere, data):
    # Nothing that lies in the folder is taken for a module: neither for Python's own nor for ours.
    for name in ("signal.py", "models.py", "training.py", "data_utils.py"):
        (elsewhere.folder / name).write_text("raise SystemExit('not this one')\n")
    elsewhere.environment["RAREBEAT_CACHE"] = str(elsewhere.folder / "cache")
    command = ["rarebeat", "sweep", "sweep.yaml", "--local", "--data", data, "--agents", "2", *TWO_RUNS]
    done = elsewhere.run(*command, "--json")
    result = json.loads(done.stdout)
    assert result["sweep"].startswith("local/road/")
    assert [run["state"] for run in result["leaderboard"]["runs"]] == ["finished"] * 2
    brought = {file.name for file in (elsewhere.folder / "runs/best").iterdir()}
    assert brought == {"model.keras", "card.json", "point.yaml"}
    test_file = data.with_name("simulated.test.h5")
    assert result["best"]["evaluate"] == f"rarebeat evaluate runs/best --data {test_file}"
    assert "rarebeat up" in done.stderr
    for name in ("WANDB_BASE_URL", "WANDB_API_KEY", "WANDB_MODE"):
        elsewhere.environment.pop(name, None)
    assert "no W&B server is configured" in elsewhere.refuses("rarebeat", "leaderboard", result["sweep"])


def test_a_killed_training_process_is_tried_again_and_the_sweep_goes_on(elsewhere, data):
    process = elsewhere.start(
        "rarebeat", "sweep", "sweep.yaml", "--local", "--data", data, "--json", *TWO_RUNS
    )
    os.kill(wait_for(lambda: training_processes(process.pid))[0], signal.SIGKILL)
    done = elsewhere.end(process)
    runs = json.loads(done.stdout)["leaderboard"]["runs"]
    log = next(elsewhere.folder.glob("runs/logs/*/agent-1.log")).read_text()
    assert log.count("About to run command") == 3
    assert "it was ended by SIGKILL, as the system does when memory runs out" in log
    assert [run["state"] for run in runs] == ["finished"] * 2, done.stderr + log
    assert {run["hyperparameters"]["loss"] for run in runs} == {"ce", "focal"}


def test_ctrl_c_ends_agents_runs_and_server_and_the_same_command_goes_on(elsewhere, data):
    command = ["rarebeat", "sweep", "sweep.yaml", "--local", "--data", data, "--json", *TWO_RUNS]
    process = elsewhere.start(*command)
    wait_for(lambda: training_processes(process.pid))
    started = tree([process.pid])
    process.send_signal(signal.SIGINT)
    done = elsewhere.end(process, code=130)
    assert not tree(pid for pid, _ in started) & started
    assert "Interrupted" in done.stderr
    assert re.search(r"Go on: rarebeat sweep sweep.yaml --local", done.stderr)
    again = elsewhere.run(*command)
    path = re.search(r"Going on with sweep (\S+),", again.stderr)[1]
    result = json.loads(again.stdout)
    assert result["sweep"] == path
    assert sorted(run["hyperparameters"]["loss"] for run in result["leaderboard"]["runs"]) == ["ce", "focal"]


def test_a_sweep_whose_command_is_killed_leaves_no_agent_and_no_run(elsewhere, data):
    process = elsewhere.start("rarebeat", "sweep", "sweep.yaml", "--local", "--data", data)
    wait_for(lambda: training_processes(process.pid))
    started = tree([process.pid])
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    # The server is a daemon of its own, which other sweeps may use; it has a process that searches.
    servers = ("rarebeat.server", "rarebeat.search")
    agents = {(pid, when) for pid, when in started if not any(name in command_of(pid) for name in servers)}
    wait_for(lambda: not tree(pid for pid, _ in agents) & agents)
    elsewhere.run("rarebeat", "down")


def test_runs_that_all_fail_end_with_the_reason(elsewhere, sweep_yaml):
    failing = sweep_yaml.replace('"-m", "training.train"', '"fail.py"')
    (elsewhere.folder / "sweep.yaml").write_text(failing, encoding="utf-8")
    (elsewhere.folder / "beside.py").write_text("REASON = 'the disk is on strike'\n")
    (elsewhere.folder / "fail.py").write_text(
        "import beside\nimport wandb\nwandb.init()\nraise OSError(beside.REASON)\n"
    )
    done = elsewhere.run("rarebeat", "sweep", "sweep.yaml", "--local", "--runs", "1", code=1)
    assert "OSError: the disk is on strike" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("the last words were: OSError: the disk is on strike")
