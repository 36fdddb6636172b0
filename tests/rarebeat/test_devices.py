"""Devices of agents on a machine without a GPU, where a program in the driver's place lists some."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from data_utils.errors import BadInput
from rarebeat.agent import agent
from rarebeat.agents import Agents
from rarebeat.backend import Backend
from rarebeat.devices import agent_places, places
from training import gpus
from training.gpus import has_gpu, visible_gpus


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Puts an `nvidia-smi` of the given shell lines first on PATH."""

    def put(lines: str) -> None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\n{lines}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpus, "DEVICE_FILE", tmp_path / "nvidia0")
    return put


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("3, 5", ["3", "5"]),
        ("GPU-8a1f,MIG-22", ["GPU-8a1f", "MIG-22"]),
        ("", []),
        ("-1", []),
        # CUDA sees what stands before the first entry that is none.
        ("1,-1,0", ["1"]),
        ("NoDevFiles", []),
    ],
)
def test_the_environment_says_which_gpus_runs_may_use(said, expected):
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": said}) == expected


def test_every_gpu_of_the_driver_has_an_agent_before_one_has_two(driver):
    driver('[ "$1" = --query-gpu=index ] && printf "0\\n1\\n"')
    assert visible_gpus() == ["0", "1"]
    assert places(visible_gpus(), 2) == ["0", "1", "0", "1"]
    assert agent_places(3) == ["0", "1", "0"]
    assert has_gpu()


def test_a_driver_that_fails_has_no_gpu_and_the_processor_takes_the_agents(driver):
    driver("echo 'NVIDIA-SMI has failed'; exit 9")
    assert visible_gpus() == []
    assert agent_places(2) == [None, None]
    assert not has_gpu()


def test_a_driver_that_does_not_answer_is_said_in_a_sentence(driver, monkeypatch):
    monkeypatch.setattr(gpus, "ASK_SECONDS", 0.2)
    driver("exec sleep 5")
    with pytest.raises(BadInput, match=r"nvidia-smi did not answer within 0\.2 s: .*CUDA_VISIBLE_DEVICES"):
        visible_gpus()


def test_each_agent_is_told_its_own_device_and_no_other(tmp_path, monkeypatch):
    # In the agents' place a program that says what it was given.
    show = ["/bin/sh", "-c", "echo device ${CUDA_VISIBLE_DEVICES-any}"]
    monkeypatch.setattr(Agents, "_command", lambda self: show)
    with Agents("local/p/s", ["0", "1", "0", None], {}, tmp_path) as agents:
        while agents.alive():
            pass
        said = [agents.log(i).read_text() for i in range(4)]
    assert said == ["device 0\n", "device 1\n", "device 0\n", "device any\n"]


def test_an_agent_that_cannot_be_started_leaves_none_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(Agents, "_command", lambda self: ["/bin/sleep", "60"])
    started, start = [], Agents._start

    def only_the_first(self: Agents, i: int):
        if i:
            raise OSError("no more processes")
        started.append(start(self, i))
        return started[0]

    monkeypatch.setattr(Agents, "_start", only_the_first)
    with pytest.raises(OSError, match="no more processes"), Agents("local/p/s", [None] * 2, {}, tmp_path):
        pass
    left = started[0].poll() is None
    started[0].kill()
    assert not left


def test_agents_of_several_commands_that_share_a_folder_have_a_log_each(tmp_path, monkeypatch):
    monkeypatch.setattr(Agents, "_command", lambda self: ["/bin/true"])
    with (
        Agents("local/p/s", [None, None], {}, tmp_path) as one,
        Agents("local/p/s", [None], {}, tmp_path) as two,
    ):
        logs = [one.log(0), one.log(1), two.log(0)]
    assert [log.name for log in logs] == ["agent-1.log", "agent-2.log", "agent-3.log"]


def test_who_interrupts_agents_is_told_the_whole_command_that_goes_on(monkeypatch):
    told: list[str] = []
    backend, sweep = Backend("http://x"), SimpleNamespace(entity="local", project="p", id="s", config={})
    for name, instead in {
        "find_backend": lambda _: backend, "connect": lambda _: None, "find_sweep": lambda *_: sweep,
        "runs_in_all": lambda _: None, "watch": lambda api, agents, enough, go_on: told.append(go_on),
    }.items():  # fmt: skip
        monkeypatch.setattr(f"rarebeat.agent.{name}", instead)
    typed = ["agent", "s", "--per-device", "2", "--dir", "my server", "--max-minutes", "5"]
    monkeypatch.setattr(sys, "argv", ["rarebeat", *typed])
    CliRunner().invoke(agent, typed[1:], catch_exceptions=False)
    assert told == ["rarebeat agent s --per-device 2 --dir 'my server' --max-minutes 5"]
