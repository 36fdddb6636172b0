"""The whole road with the real command lines: simulated beats, sweep, agents, leaderboard, best, evaluate."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rarebeat.processes import tree

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
TWO_RUNS = ["--set", "sampler=none"]
# What shares a sweep stays on one worker of pytest-xdist (`--dist loadgroup`), so that it runs once.
shared = pytest.mark.xdist_group("road")


@pytest.fixture(scope="module")
def data(tmp_path_factory, terminal) -> Path:
    """A small data file of simulated beats."""
    folder = tmp_path_factory.mktemp("data")
    file = folder / "simulated.h5"
    terminal(folder).run("rarebeat", "data", "simulate", "--out", file, "--patients", "12", "--minutes", "3")
    return file


@pytest.fixture(scope="module")
def shell(tmp_path_factory, terminal, backend):
    """A terminal in which the shared backend is configured."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    return terminal(folder, backend.env)


@pytest.fixture(scope="module")
def path(shell, data) -> str:
    """A sweep that two of the vendor's agents, side by side, have run to its end."""
    created = shell.run("wandb", "sweep", "sweep.yaml")
    path = re.search(r"wandb agent (\S+)", created.stdout + created.stderr)[1]
    shell.environment["RAREBEAT_DATA"] = str(data)
    agents = [shell.start("wandb", "agent", path, "--count", "2") for _ in range(2)]
    for agent in agents:
        shell.end(agent)
    return path


@pytest.fixture(scope="module")
def model(shell, path) -> Path:
    """The best run's model, brought home."""
    shell.run("rarebeat", "best", path, "-o", "runs/best")
    return shell.folder / "runs/best"


@pytest.fixture
def elsewhere(tmp_path, terminal):
    """A terminal in which another server is configured, which `--local` must not care about."""
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    other = {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_ENTITY": "team", "WANDB_MODE": "offline"}
    return terminal(tmp_path, {"HOME": str(tmp_path), **other})


def training_processes(root: int) -> list[int]:
    """The training processes below process `root`."""
    listing = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    commands = dict(line.split(None, 1) for line in listing.splitlines())
    return [pid for pid, _ in tree([root]) if "-m training.train" in commands.get(str(pid), "")]


def wait_for(condition, seconds: float = 90.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
    return found


@shared
def test_two_agents_share_a_grid_every_point_once_all_finished(shell, path):
    board = shell.json("rarebeat", "leaderboard", path)
    assert [run["state"] for run in board["runs"]] == ["finished"] * 4
    points = {(run["hyperparameters"]["loss"], run["hyperparameters"]["sampler"]) for run in board["runs"]}
    assert points == {("ce", "none"), ("ce", "sqrt"), ("focal", "none"), ("focal", "sqrt")}
    assert len({run["run"] for run in board["runs"]}) == 4


@shared
def test_leaderboard_ranks_by_the_objective_and_says_what_it_is_worth(shell, path):
    board = shell.json("rarebeat", "leaderboard", path)
    objectives = [run["objective"] for run in board["runs"]]
    assert objectives == sorted(objectives, reverse=True)
    assert set(board["runs"][0]["f1"]) == {"N", "S", "V", "F"}
    table = shell.run("rarebeat", "leaderboard", path).stdout
    for word in ("F1 S", "AUPRC V", "loss", "sampler", "SIMULATED BEATS", board["runs"][0]["run"]):
        assert word in table
    assert f"{objectives[0]:.4f}" in table


@shared
def test_gamma_is_inactive_for_cross_entropy(shell, path):
    runs = shell.json("rarebeat", "leaderboard", path)["runs"]
    assert {("gamma" in run["inactive"], run["hyperparameters"]["loss"]) for run in runs} == {
        (True, "ce"),
        (False, "focal"),
    }


@shared
def test_leaderboard_sorts_by_another_metric(shell, path):
    board = shell.json("rarebeat", "leaderboard", path, "--sort", "val/loss")
    losses = [run["objective"] for run in board["runs"]]
    assert (board["goal"], losses) == ("minimize", sorted(losses))


@shared
def test_a_sweep_is_found_by_its_id_alone_and_by_its_address(shell, path):
    sweep = path.rsplit("/", 1)[1]
    assert shell.json("rarebeat", "leaderboard", sweep)["sweep"] == path
    url = shell.json("rarebeat", "leaderboard", path)["url"]
    assert shell.json("rarebeat", "leaderboard", url)["sweep"] == path


@shared
def test_best_brings_the_winner_with_its_card_and_may_be_repeated(shell, path, model):
    assert {file.name for file in model.iterdir()} == {"model.keras", "card.json"}
    winner = shell.json("rarebeat", "leaderboard", path)["runs"][0]["run"]
    again = shell.json("rarebeat", "best", path, "-o", "runs/best")
    assert again["run"] == winner
    assert json.loads((model / "card.json").read_text())["run"]["path"].endswith(winner)
    assert set(again["thresholds"]) == {"N", "S", "V", "F"}
    assert again["evaluate"].startswith("rarebeat evaluate runs/best --data ")


@shared
def test_best_leaves_a_folder_alone_that_is_no_model(shell, path):
    (shell.folder / "thesis").mkdir(exist_ok=True)
    (shell.folder / "thesis/chapter.txt").write_text("years of work")
    assert "no model folder" in shell.refuses("rarebeat", "best", path, "-o", "thesis")
    assert [file.name for file in (shell.folder / "thesis").iterdir()] == ["chapter.txt"]


@shared
def test_evaluate_opens_the_sealed_side_and_counts_it(shell, model, data):
    first = shell.run("rarebeat", "evaluate", "runs/best", "--data", data)
    assert "simulated.test.h5" in first.stdout + first.stderr
    assert "simulated" in first.stdout.lower()
    second = shell.json("rarebeat", "evaluate", "runs/best", "--data", data.with_name("simulated.test.h5"))
    assert second["openings"] == 2
    assert len(data.with_name("simulated.test.ledger.jsonl").read_text().splitlines()) == 2


def test_sweep_on_the_configured_backend_writes_nothing_but_json_on_stdout(tmp_path, terminal, backend, data):
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    one_run = ["--data", data, *TWO_RUNS, "--set", "loss=ce"]
    result = terminal(tmp_path, backend.env).json("rarebeat", "sweep", "sweep.yaml", *one_run)
    assert result["best"]["run"] == result["leaderboard"]["runs"][0]["run"]
    assert (tmp_path / "runs/best/model.keras").is_file()


def test_sweep_local_goes_the_whole_road_and_takes_its_server_down(elsewhere, data):
    command = ["rarebeat", "sweep", "sweep.yaml", "--local", "--data", data, "--agents", "2", *TWO_RUNS]
    done = elsewhere.run(*command, "--json")
    result = json.loads(done.stdout)
    assert result["sweep"].startswith("local/road/")
    assert [run["state"] for run in result["leaderboard"]["runs"]] == ["finished"] * 2
    assert {file.name for file in (elsewhere.folder / "runs/best").iterdir()} == {"model.keras", "card.json"}
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
    victim = wait_for(lambda: training_processes(process.pid))[0]
    time.sleep(3)
    os.kill(victim, signal.SIGKILL)
    done = elsewhere.end(process)
    runs = json.loads(done.stdout)["leaderboard"]["runs"]
    log = next(elsewhere.folder.glob("runs/logs/*/agent-1.log")).read_text()
    assert log.count("About to run command") == 3
    assert [run["state"] for run in runs] == ["finished"] * 2, done.stderr + log
    assert {run["hyperparameters"]["loss"] for run in runs} == {"ce", "focal"}


def test_ctrl_c_ends_agents_runs_and_server(elsewhere, data):
    process = elsewhere.start("rarebeat", "sweep", "sweep.yaml", "--local", "--data", data)
    wait_for(lambda: training_processes(process.pid))
    started = tree([process.pid])
    process.send_signal(signal.SIGINT)
    done = elsewhere.end(process, code=130)
    assert not tree(pid for pid, _ in started) & started
    assert "Interrupted" in done.stderr
    assert re.search(r"Go on: wandb agent local/road/\w+", done.stderr)


def test_runs_that_all_fail_end_with_the_reason(elsewhere):
    failing = SWEEP.replace('"-m", "training.train"', '"fail.py"')
    (elsewhere.folder / "sweep.yaml").write_text(failing, encoding="utf-8")
    (elsewhere.folder / "fail.py").write_text(
        "import wandb\nwandb.init()\nraise OSError('the disk is on strike')\n"
    )
    done = elsewhere.run("rarebeat", "sweep", "sweep.yaml", "--local", "--count", "1", code=1)
    assert "OSError: the disk is on strike" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("the last words were: OSError: the disk is on strike")
