"""The parts of `rarebeat sweep`: its config, its agents' environment, their logs and their end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from data_utils.errors import BadInput
from rarebeat.agents import Agents, agent_environment, available_cores
from rarebeat.backend import Backend, probe
from rarebeat.processes import kill_processes, tree
from rarebeat.run_logs import last_line, last_words
from rarebeat.sweep import interruptible
from rarebeat.sweep_config import apply, data_files, parse_setting

OURS = {
    "command": ["${env}", "${interpreter}", "-m", "training.train"],
    "method": "grid",
    "parameters": {"loss": {"values": ["ce", "focal"]}, "data": {"value": "data/mitdb.h5"}},
}
FOREIGN = OURS | {"command": ["python", "other.py"]}

LOG = """\
wandb: Tracking run with wandb version 0.31.0
epoch 1
one\rtwo
\x1b[31mValueError: the first reason\x1b[0m
wandb: Synced 1 file
"""


def test_set_replaces_a_parameter_by_one_value_read_as_yaml():
    settings = ["loss=ce", "epochs=5", "learning_rate=1.0e-3", "covariates=false"]
    config = apply(OURS, map(parse_setting, settings), None, None)
    assert config["parameters"] == {
        "loss": {"value": "ce"},
        "data": {"value": "data/mitdb.h5"},
        "epochs": {"value": 5},
        "learning_rate": {"value": 0.001},
        "covariates": {"value": False},
    }


def test_count_becomes_the_run_cap_and_data_the_parameter_of_that_name():
    config = apply(OURS, [], 8, Path("data/simulated.h5"))
    assert config["run_cap"] == 8
    assert config["parameters"]["data"] == {"value": "data/simulated.h5"}


def test_the_yaml_that_was_read_is_left_as_it_was():
    apply(OURS, [("loss", "ce")], 3, Path("x.h5"))
    assert "run_cap" not in OURS
    assert OURS["parameters"]["loss"] == {"values": ["ce", "focal"]}


def test_a_foreign_training_takes_only_parameters_that_its_sweep_names():
    assert apply(FOREIGN, [("loss", "ce")], None, None)["parameters"]["loss"] == {"value": "ce"}
    with pytest.raises(BadInput, match="no parameter epochs, only loss, data"):
        apply(FOREIGN, [("epochs", 5)], None, None)


@pytest.mark.parametrize("setting", ["epochs", "=5", "loss=[ce"])
def test_a_setting_that_is_none_is_refused_in_one_sentence(setting):
    with pytest.raises(BadInput) as refused:
        parse_setting(setting)
    assert setting in str(refused.value)
    assert "\n" not in str(refused.value)


def test_data_files_are_those_that_the_parameter_names():
    assert data_files(OURS) == [Path("data/mitdb.h5")]
    several = OURS | {"parameters": {"data": {"values": ["a.h5", "b.h5"]}}}
    assert data_files(several) == [Path("a.h5"), Path("b.h5")]
    assert data_files(OURS | {"parameters": {}}) == []


def test_agents_share_the_cores_and_find_this_python(tmp_path):
    environment = agent_environment({"PATH": "/bin"}, 2, tmp_path / "x.h5")
    assert environment["TF_NUM_INTRAOP_THREADS"] == str(max(1, available_cores() // 2))
    assert environment["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/bin"
    assert environment["RAREBEAT_DATA"] == str(tmp_path / "x.h5")


def test_agents_do_not_use_the_client_of_the_process_that_starts_them():
    assert "WANDB_SERVICE" not in agent_environment({"WANDB_SERVICE": "3-1-unix-/tmp/socket"}, 1, None)


def test_what_the_user_says_about_threads_stays():
    assert agent_environment({"OMP_NUM_THREADS": "7"}, 2, None)["OMP_NUM_THREADS"] == "7"


def test_nothing_configured_for_another_server_reaches_the_embedded_one():
    theirs = {
        "WANDB_BASE_URL": "https://api.wandb.ai",
        "WANDB_API_KEY": "theirs",
        "WANDB_ENTITY": "team",
        "WANDB_PROJECT": "secret",
        "WANDB_MODE": "offline",
        "WANDB_RUN_GROUP": "g",
        "WANDB_CACHE_DIR": "/cache",
        "HOME": "/home/me",
    }
    seen = Backend("http://127.0.0.1:1", "ours", embedded=True).environment(theirs)
    assert {k: v for k, v in seen.items() if k in theirs} == {
        "WANDB_BASE_URL": "http://127.0.0.1:1",
        "WANDB_API_KEY": "ours",
        "WANDB_ENTITY": "local",
        "WANDB_MODE": "online",
        "WANDB_CACHE_DIR": "/cache",
        "HOME": "/home/me",
    }


def test_another_server_keeps_the_users_settings():
    seen = Backend("https://wandb.example.org").environment({"WANDB_ENTITY": "team", "WANDB_API_KEY": "k"})
    assert seen == {
        "WANDB_ENTITY": "team",
        "WANDB_API_KEY": "k",
        "WANDB_BASE_URL": "https://wandb.example.org",
    }


def test_a_server_that_does_not_answer_is_said_at_once():
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"http://127\.0\.0\.1:9 does not answer .*rarebeat up"):
        probe("http://127.0.0.1:9")
    assert time.monotonic() - began < 5


def test_last_words_are_the_runs_own_by_run(tmp_path):
    (tmp_path / "run1.log").write_text(LOG, encoding="utf-8")
    (tmp_path / "agent-1.log").write_text("wandb: ERROR the agent's own\n", encoding="utf-8")
    assert last_words(tmp_path, lines=2) == {"run1": ["two", "ValueError: the first reason"]}
    assert last_line(tmp_path) == "ValueError: the first reason"


def test_only_the_end_of_a_long_log_is_read(tmp_path):
    (tmp_path / "run1.log").write_text("x" * 100_000 + "\nthe end\n", encoding="utf-8")
    assert last_words(tmp_path, lines=1) == {"run1": ["the end"]}


def test_an_agent_without_a_run_has_its_own_last_line(tmp_path):
    (tmp_path / "agent-1.log").write_text("wandb: Starting\nwandb: ERROR Sweep not found\n", encoding="utf-8")
    assert last_words(tmp_path) == {}
    assert last_line(tmp_path) == "wandb: ERROR Sweep not found"
    assert last_line(tmp_path / "missing") == ""


def test_a_tree_holds_processes_in_other_groups_and_killing_it_leaves_none():
    inner = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    outer = subprocess.Popen([sys.executable, "-c", inner], start_new_session=True)
    try:
        end = time.monotonic() + 20
        while len(found := tree([outer.pid])) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        assert len(found) == 2
    finally:
        kill_processes(tree([outer.pid]))
        outer.wait()
    assert tree(pid for pid, _ in found) == set()


def test_agents_that_are_stopped_leave_no_process(tmp_path):
    # No server behind the address: the client tries on, which is when a user loses patience.
    environment = dict(os.environ) | {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "0" * 40}
    before = tree([os.getpid()])
    with Agents("local/p/s", [None], environment | {"HOME": str(tmp_path)}, tmp_path / "logs") as agents:
        assert agents.alive() == 1
        assert tree([os.getpid()]) - before
    assert agents.log(0).exists()
    assert tree([os.getpid()]) == before


def test_agents_of_a_sweep_that_a_script_has_put_in_the_background_can_be_told_to_end(tmp_path):
    environment = dict(os.environ) | {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "0" * 40}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        agents = Agents("local/p/s", [None], environment | {"HOME": str(tmp_path)}, tmp_path / "logs")
        with agents:
            agent = agents._processes[0]
            end = time.monotonic() + 60
            while ignores_interrupts(agent.pid):
                assert time.monotonic() < end, "the agent ignores interrupts"
                time.sleep(0.05)
            agents.finish()
            assert agent.wait(60) != 0
    finally:
        signal.signal(signal.SIGINT, before)


def ignores_interrupts(pid: int) -> bool:
    mask = re.search(r"^SigIgn:\s+(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]
    return bool(int(mask, 16) >> (signal.SIGINT - 1) & 1)


def test_under_nohup_a_closed_terminal_ends_nothing_and_without_it_everything():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with pytest.raises(click.exceptions.Exit) as ended, interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(5)
        assert ended.value.exit_code == 130
    finally:
        signal.signal(signal.SIGHUP, before)
