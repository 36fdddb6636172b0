"""A validator of sweeps: a command that says no with a sentence."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import wandb

from rarebeat.server.errors import RequestError
from rarebeat.server.validator import TIME_LIMIT, Validator

REFUSE = """
import sys
text = sys.stdin.read()
if "gama" in text:
    print("Error: there is no hyperparameter 'gama'; did you mean 'gamma'?", file=sys.stderr)
    raise SystemExit(2)
"""

# Leaves a mark in the working folder each time it is asked.
COUNTED = 'open("asked", "a").write("x")' + REFUSE

# Ends when two of it run at once.
MEET = """
import glob, os, time
open(f"{os.getpid()}.here", "w").close()
while len(glob.glob("*.here")) < 2:
    time.sleep(0.02)
"""


def python(code):
    return [sys.executable, "-c", code]


def test_the_users_own_wandb_sweep_shows_the_sentence_and_fails(own_server):
    served = own_server(validator=python(REFUSE))
    client = served.client
    (client.folder / "bad.yaml").write_text("method: grid\nparameters: {gama: {values: [1]}}\n")
    done = client.wandb("sweep", "--project", "p", "bad.yaml")
    assert done.returncode != 0
    assert "there is no hyperparameter 'gama'; did you mean 'gamma'?" in done.stderr
    (client.folder / "good.yaml").write_text("method: grid\nparameters: {gamma: {values: [1]}}\n")
    assert client.wandb("sweep", "--project", "p", "good.yaml").returncode == 0


def test_the_client_asks_five_times_and_the_command_runs_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    validator = Validator(python(COUNTED))
    for _ in range(5):
        with pytest.raises(RequestError):
            validator.check("gama")
    assert (tmp_path / "asked").read_text() == "x"


def test_who_asks_later_is_judged_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    now = [0.0]
    validator = Validator(python(COUNTED), clock=lambda: now[0])
    for now[0] in (0.0, 60.0, 61.0):
        with pytest.raises(RequestError):
            validator.check("gama")
    assert (tmp_path / "asked").read_text() == "xx"


def test_a_command_that_breaks_refuses_nothing_and_warns():
    assert "exit code 1" in Validator(python("raise SystemExit(1)")).check("x")[0]
    assert "FileNotFoundError" in Validator(["/no/such/command"]).check("x")[0]
    assert "TimeoutExpired" in Validator(python("import time; time.sleep(9)"), time_limit=0.2).check("x")[0]


def test_a_slow_command_is_given_up_before_the_client_asks_again_and_makes_a_second_sweep():
    assert TIME_LIMIT + 2 < wandb.Api._HTTP_TIMEOUT


def test_a_check_does_not_wait_for_a_slow_one_of_another_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    validator = Validator(python(MEET), time_limit=9)
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(validator.check, ("a", "b"))) == [[], []]


def test_without_a_command_everything_is_accepted():
    assert Validator(None).check("anything") == []
