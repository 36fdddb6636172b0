"""What `rarebeat check` tries: the corners of a space, what they cost, and whether the metric arrives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from data_utils.errors import BadInput
from data_utils.sources.options import TWELVE
from data_utils.write import BeatRows, Description, writing
from rarebeat.cli import main
from rarebeat.dry_run import _command, dry_run, read_summary
from rarebeat.probe import corners, lines

SWEEPS = sorted((Path(__file__).parents[2] / "sweeps").glob("*.yaml"))


def test_corners_are_the_ends_of_every_dimension() -> None:
    space = {
        "n_blocks": {"min": 2, "max": 5},
        "dropout": {"min": 0.0, "max": 0.5},
        "filters": {"values": [32, 8, 16]},
        "dense_sizes": {"values": ["256,128", "64", "128"]},
        "cell": {"values": ["lstm", "gru"]},
        "window": {"value": 0.8},
    }
    low = {"n_blocks": 2, "dropout": 0.0, "filters": 8, "dense_sizes": "64", "cell": "lstm", "window": 0.8}
    high = {"n_blocks": 5, "dropout": 0.5, "filters": 32, "dense_sizes": "256,128", "cell": "gru"}
    assert corners({"parameters": space}) == [low, {**high, "window": 0.8}]


def test_every_family_of_models_has_its_own_corners() -> None:
    space = {"model": {"values": ["mlp", "cnn"]}, "filters": {"values": [8, 16]}}
    assert corners({"parameters": space}) == [
        {"model": model, "filters": filters} for model in ("mlp", "cnn") for filters in (8, 16)
    ]


def test_a_sweep_of_one_point_has_one_corner() -> None:
    assert corners({"parameters": {"seed": {"value": 3}}}) == [{"seed": 3}]


def test_the_cost_of_all_runs_is_theirs_times_their_number() -> None:
    end = {"parameters": 1000, "megabytes": 0.004, "step_seconds": 0.01, "memory_mb": 900.0}
    found = {"measured": [{**end, "run_seconds": 30.0}, {**end, "run_seconds": 180.0}]}
    # 60 runs of 30 s are 30 min; of 180 s they are 3 h.
    assert lines(found, 60)[-1] == "60 runs one after another: 30.0 min to 3.0 h, without early stopping"
    assert len(lines(found, None)) == 2


def test_a_grid_costs_no_more_than_its_points_whatever_its_cap(tmp_path: Path, monkeypatch) -> None:
    end = {"parameters": 1, "megabytes": 1.0, "step_seconds": 0.01, "memory_mb": 9.0, "run_seconds": 30.0}
    monkeypatch.setattr("rarebeat.probe.probe", lambda *_: {"refused": [], "measured": [end]})
    monkeypatch.setattr("data_utils.dataset.open_dataset", lambda _: None)
    (tmp_path / "a.yaml").write_text(GRID)
    done = CliRunner().invoke(main, ["check", str(tmp_path / "a.yaml"), "--data", "a.h5"])
    assert "\n4 runs one after another: 2.0 min" in done.stdout


GRID = """\
method: grid
run_cap: 100
command: ["${env}", "${interpreter}", "-m", "training.train"]
metric: {name: best/macro_auprc, goal: maximize}
parameters: {loss: {values: [ce, focal]}, sampler: {values: [none, sqrt]}}
"""


def test_the_macros_become_what_the_agent_makes_of_them() -> None:
    command = _command(["${env}", "${interpreter}", "-m", "training.train", "${args}"])
    assert command == ["/usr/bin/env", sys.executable, "-m", "training.train"]


def test_what_an_offline_run_logged_is_read_from_its_file(tmp_path: Path) -> None:
    """Rows of more than a block of 32768 bytes are cut into parts, and found whole again."""
    code = (
        "import sys, wandb; run = wandb.init(mode='offline', dir=sys.argv[1]);"
        "[run.log({'best/a': i / 2, 'long': 'x' * 40000}) for i in range(3)]; run.finish()"
    )
    # Clients of earlier tests have left their servers' addresses in this process's environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    command = [sys.executable, "-c", code, str(tmp_path)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert read_summary(tmp_path)["best/a"] == 1.0


LOGS = "import wandb; r = wandb.init(); r.log({'a': r.config['x'] + r.config['epochs']}); r.finish()"


def config(metric: str, code: str = LOGS) -> dict:
    command = ["${interpreter}", "-c", code]
    return {"command": command, "metric": {"name": metric}, "parameters": {"x": {"values": [3, 2]}}}


def test_a_dry_run_hands_over_the_point_and_sees_the_metric() -> None:
    """x is 2 at the lowest corner, and epochs is 1."""
    assert dry_run(config("a"), None) == "dry run: a arrived, 3 after two steps"


def test_a_metric_that_does_not_arrive_is_refused_with_those_that_do() -> None:
    with pytest.raises(BadInput, match="but b did not arrive; what did: a"):
        dry_run(config("b"), None)
    several = {"metrics": [{"name": "a"}, {"name": "b"}]}
    with pytest.raises(BadInput, match="but b did not arrive; what did: a"):
        dry_run({**config("a"), **several, "metric": None}, None)


def test_a_command_that_fails_is_refused_with_its_last_line() -> None:
    with pytest.raises(BadInput, match="exit code 1: ZeroDivisionError"):
        dry_run(config("a", "1 / 0"), None)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole recordings of 12 leads, 8 to 13 s at 25 Hz, two diagnoses; 80 patients train, 160 validate."""
    path = tmp_path_factory.mktemp("whole") / "whole.h5"
    names, rng = ("A", "B"), np.random.default_rng(0)
    description = Description(
        "multilabel", names, names, TWELVE, 25.0, ("age", "female"), "made up", "none", True, True, {}
    )
    with writing(path, description) as writer:
        for i in range(240):
            target = rng.integers(0, 2, (1, 2)).astype(np.uint8)
            signal = 0.3 * rng.standard_normal((int(rng.integers(200, 325)), 12))
            signal[:, 1] += target[0, 1] * np.sin(2 * np.pi * 5 * np.arange(len(signal)) / 25)
            row = BeatRows(np.array([-1]), target, np.array([[50, i % 2]], np.float32))
            writer.add(f"r{i}", f"p{i}", "validation" if i % 3 else "train", signal, row)
        writer.finish({f"p{i}": i % 3 for i in range(240)})
    return path


@pytest.fixture(scope="session")
def two_leads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Beats of MIT-BIH's recordings that have both MLII and V1."""
    if not (folder := Path(os.environ.get("ECG_DATA", "")) / "mitdb").is_dir():
        pytest.skip("ECG_DATA names no folder with mitdb/")
    path = tmp_path_factory.mktemp("leads") / "two.h5"
    asked = ["data", "build", "mitdb", "--from", str(folder), "--leads", "MLII,V1", "--out", str(path)]
    assert CliRunner().invoke(main, asked).exit_code == 0
    return path


@pytest.mark.slow
@pytest.mark.timeout(1500)  # as long as the command itself waits: 900 s for a probe, 600 s for a dry run
@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.name)
def test_the_lowest_point_of_each_sweep_trains(path: Path, request: pytest.FixtureRequest) -> None:
    named = yaml.safe_load(path.read_text())["parameters"]["data"]["value"]
    fixture = {"data/mitdb.h5": "data", "data/mitdb_two_leads.h5": "two_leads"}.get(named, "whole")
    file = request.getfixturevalue(fixture)
    done = CliRunner().invoke(main, ["check", str(path), "--data", str(file), "--dry-run"])
    assert done.exit_code == 0, done.stderr
    assert "arrived" in done.stdout
