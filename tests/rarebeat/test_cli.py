"""What the command line refuses: one sentence, exit code 2, nothing half written."""

from __future__ import annotations

import re

import h5py
import pytest
from click.testing import CliRunner

from rarebeat.cli import main

SWEEP = """\
method: grid
command: ["${env}", "${interpreter}", "-m", "training.train"]
metric: {name: best/macro_auprc, goal: maximize}
parameters:
  loss: {values: [ce, focal]}
"""


@pytest.fixture
def shell(tmp_path, terminal):
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    return terminal(tmp_path, {"HOME": str(tmp_path)})


@pytest.fixture
def configured(shell, backend, terminal):
    return terminal(shell.folder, backend.env)


def local_sweep(shell, *arguments: str) -> str:
    said = shell.refuses("rarebeat", "sweep", "sweep.yaml", "--local", *arguments)
    assert not (shell.folder / ".rarebeat").exists()
    assert not (shell.folder / "runs").exists()
    return said


def test_every_command_has_a_help_text_that_needs_no_server(shell):
    listed = shell.run("rarebeat", "--help").stdout.split("Commands:")[1]
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    expected = {"up", "down", "status", "data", "check", "sweep", "leaderboard", "best", "evaluate"}
    assert expected <= set(names)
    for name in names:
        assert "Usage: rarebeat " + name in shell.run("rarebeat", name, "--help").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["chek"], "No such command 'chek'; did you mean check?"),
        (["Leaderboard", "p/s"], "No such command 'Leaderboard'; did you mean leaderboard?"),
        (["frobnicate"], "No such command 'frobnicate'\n"),
        (["check", "--dryrun", "x.yaml"], "'--dryrun'. Did you mean '--dry-run'?"),
    ],
)
def test_a_misspelt_command_or_option_is_refused_with_the_nearest_one(shell, words, sentence):
    assert sentence in shell.refuses("rarebeat", *words)


def test_a_shell_that_completes_a_line_with_a_wrong_word_is_told_the_commands(shell):
    words = {"COMP_WORDS": "rarebeat chek ", "COMP_CWORD": "2", "_RAREBEAT_COMPLETE": "bash_complete"}
    done = shell.run("env", *(f"{name}={value}" for name, value in words.items()), "rarebeat")
    assert "plain,check" in done.stdout.splitlines()
    assert done.stderr == ""


def test_a_sweep_file_that_is_not_there(shell):
    assert "no sweep file no.yaml" in shell.refuses("rarebeat", "sweep", "no.yaml", "--local")


def test_a_data_file_that_is_not_there(shell):
    assert "no data file nowhere.h5" in local_sweep(shell, "--data", "nowhere.h5")


def test_a_data_file_of_another_version(shell):
    with h5py.File(shell.folder / "old.h5", "w") as file:
        file.attrs["format"], file.attrs["format_version"] = "rarebeat dataset", 0
    assert "old.h5" in local_sweep(shell, "--data", "old.h5")


def test_the_sealed_side_is_not_trained_on(shell):
    shell.run("rarebeat", "data", "simulate", "--out", "s.h5", "--patients", "12", "--minutes", "1")
    assert "sealed test side" in local_sweep(shell, "--data", "s.test.h5")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("epoch=5", "epochs"),
        ("learning_rate=1e-4", "1.0e-4"),
        ("epochs", "key=value"),
    ],
)
def test_a_setting_that_training_would_refuse(shell, setting, words):
    said = local_sweep(shell, "--set", setting)
    assert words in said
    assert "--set" in said or "sweep.yaml: as set on the command line, " in said


def test_a_misspelt_parameter_is_refused_with_its_line(shell):
    (shell.folder / "sweep.yaml").write_text(SWEEP.replace("  loss:", "  los:"), encoding="utf-8")
    said = local_sweep(shell)
    assert "sweep.yaml:5" in said
    assert "loss" in said


def test_a_sweep_that_waits_for_a_scheduler_is_not_started(shell):
    (shell.folder / "sweep.yaml").write_text(SWEEP + "scheduler: {engine: wandb}\n")
    said = local_sweep(shell)
    assert "sweep.yaml waits for a scheduler" in said
    assert "`rarebeat schedule`" in said


def test_a_sweep_for_several_metrics_is_left_to_the_scheduler_that_takes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.yaml").write_text(
        "{method: custom, scheduler: {engine: optuna}, metrics: [{name: a}, {name: b}], run_cap: 1,"
        " command: [other], parameters: {x: {values: [1, 2]}}}"
    )
    done = CliRunner().invoke(main, ["sweep", "sweep.yaml", "--local"])
    assert done.exit_code == 2
    assert done.stderr.endswith("then search it with `wandb sweep-scheduler`\n")


def test_a_folder_for_the_model_that_holds_something_else(shell):
    (shell.folder / "thesis").mkdir()
    (shell.folder / "thesis/chapter.txt").write_text("years of work")
    assert "thesis holds chapter.txt" in local_sweep(shell, "-o", "thesis")


@pytest.mark.parametrize(
    "command", [["leaderboard", "p/s"], ["best", "p/s", "-o", "x"], ["sweep", "sweep.yaml"]]
)
def test_without_a_server_the_sentence_says_how_to_start_one(shell, command, tmp_path):
    arguments = [*command, "--set", "epochs=1"] if command[0] == "sweep" else command
    if command[0] == "sweep":
        (tmp_path / "sweep.yaml").write_text(
            SWEEP.replace('"-m", "training.train"', '"x.py"').replace("loss", "epochs")
        )
    said = shell.refuses("rarebeat", *arguments)
    assert "no W&B server is configured: run `rarebeat up`" in said


def test_a_server_that_does_not_answer(shell):
    shell.environment |= {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "0" * 40}
    said = shell.refuses("rarebeat", "leaderboard", "local/p/s")
    assert "http://127.0.0.1:9 does not answer" in said


@pytest.mark.parametrize("path", ["local/nothing/none1234", "none1234"])
def test_no_such_sweep(configured, path):
    assert f"there is no sweep {path}" in configured.refuses("rarebeat", "leaderboard", path)


def test_a_path_that_is_none(configured):
    assert "write ENTITY/PROJECT/SWEEP" in configured.refuses("rarebeat", "leaderboard", "a/b/c/d/e")


def test_a_sweep_without_runs(configured):
    created = configured.run("wandb", "sweep", "--project", "cli", "sweep.yaml")
    path = re.search(r"wandb agent (\S+)", created.stdout + created.stderr)[1]
    assert "has no runs yet" in configured.refuses("rarebeat", "leaderboard", path)
    assert "has no runs yet" in configured.refuses("rarebeat", "best", path, "-o", "x")
    assert not (configured.folder / "x").exists()


def test_evaluate_wants_a_model_and_a_data_file(shell):
    assert "nomodel" in shell.refuses("rarebeat", "evaluate", "nomodel", "--data", "x.h5")
