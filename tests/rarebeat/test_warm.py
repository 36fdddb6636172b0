"""Warm agents: what is forked, what becomes of runs that end badly, and what is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rarebeat.processes import tree
from rarebeat.warm.process import BESIDE, WARM, Launcher, module_of

# A module as `training.train` is one, which does as its argument says.
MISBEHAVING = """
import os, signal, subprocess, sys, time

def main(arguments):
    print("begun", arguments[0], flush=True)
    match arguments[0]:
        case "well": return 0
        case "fails": return 4
        case "segfault": os.kill(os.getpid(), signal.SIGSEGV)
        case "memory": os.kill(os.getpid(), signal.SIGKILL)
        case "hangs":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        case "children":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            os.kill(os.getpid(), signal.SIGKILL)
        case "prints":
            for _ in range(100):
                print("x" * 1_000_000)
            return 0
        case "environment":
            print(os.environ.get("WANDB_SERVICE"), os.environ["COLOUR"], flush=True)
            return 0
"""
# Forks have no sys.path of the test's: the module has to be found by PYTHONPATH.
DRIVER = """
import json, sys, time
from pathlib import Path
from rarebeat.warm import process

def main():
    process.GRACE_SECONDS = 1.0
    told = {}
    launcher = process.Launcher(Path("logs"), 3.0, told.__setitem__, warm=("misbehaving",))
    codes = {}
    for what in sys.argv[1:]:
        env = {"WANDB_RUN_ID": what, "WANDB_SERVICE": "dead"}
        run = launcher(command=["/usr/bin/env", "COLOUR=red", "python", "-m", "misbehaving", what], env=env)
        while run.poll() is None:
            launcher.wait(5.0)
        codes[what] = run.code
    print(json.dumps([codes, told]))

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def drive(tmp_path, terminal) -> Callable[..., tuple[dict[str, int], dict[str, str]]]:
    """Runs programs of the misbehaving module one after another; returns exit codes and reasons told."""
    (tmp_path / "misbehaving.py").write_text(MISBEHAVING, encoding="utf-8")
    (tmp_path / "driver.py").write_text(DRIVER, encoding="utf-8")
    root = str(Path(__file__).parents[2])
    shell = terminal(tmp_path, {"PYTHONPATH": os.pathsep.join([str(tmp_path), root])})
    return lambda *what: tuple(json.loads(shell.run(sys.executable, "driver.py", *what).stdout))


def test_whatever_a_run_does_the_next_one_starts_and_the_reason_is_told(drive):
    codes, told = drive("segfault", "memory", "hangs", "fails", "well")
    # A signal counts as a failure: 128 and its number, as shells have it.
    assert codes == {"segfault": 139, "memory": 137, "hangs": 137, "fails": 4, "well": 0}
    assert told == {
        "segfault": "it was ended by SIGSEGV, a fault in native code",
        "memory": "it was ended by SIGKILL, as the system does when memory runs out",
        "hangs": "it ran for longer than its 0.05 minutes",
    }


def test_a_run_that_is_killed_leaves_no_process_of_its_own(drive):
    before = {pid for pid, _ in tree([1])}
    drive("children", "well")
    end = time.monotonic() + 10
    while left := [pid for pid, _ in tree([1]) if pid not in before and _sleeps(pid)]:
        assert time.monotonic() < end, left
        time.sleep(0.1)


def _sleeps(pid: int) -> bool:
    try:
        return "time.sleep(600)" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def test_output_of_each_run_is_kept_apart_however_much_it_is(drive, tmp_path):
    codes, _ = drive("prints", "environment")
    assert codes == {"prints": 0, "environment": 0}
    assert (tmp_path / "logs/prints.log").stat().st_size > 100_000_000
    # `env A=B` reaches the run; where the agent's own client listens does not.
    assert (tmp_path / "logs/environment.log").read_text() == "begun environment\nNone red\n"


def test_a_program_that_cannot_be_forked_is_started(tmp_path):
    (tmp_path / "program.py").write_text("print('cold')\nraise SystemExit(3)\n")
    launcher = Launcher(tmp_path / "logs", None, lambda run, reason: None)
    run = launcher(
        command=["/usr/bin/env", sys.executable, str(tmp_path / "program.py")],
        env={**os.environ, "WANDB_RUN_ID": "abc"},
    )
    assert run.wait(30) == 3
    assert (tmp_path / "logs/abc.log").read_text() == "cold\n"


def test_what_the_command_sets_for_the_imports_is_no_fork_of_imports_made_without_it(tmp_path):
    (tmp_path / "program.py").write_text(
        "import os, sys\nprint(os.environ['KERAS_BACKEND'], sys.executable)\n"
    )
    launcher = Launcher(tmp_path / "logs", None, lambda run, reason: None, warm=("program",))
    run = launcher(
        command=["/usr/bin/env", "KERAS_BACKEND=jax", "python", "-m", "program"],
        env={**os.environ, "WANDB_RUN_ID": "abc", "PYTHONPATH": str(tmp_path)},
    )
    assert run.wait(30) == 0
    assert (tmp_path / "logs/abc.log").read_text() == f"jax {sys.executable}\n"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["/usr/bin/env", "python", "-m", "training.train"], ("training.train", [], {})),
        (["env", "A=1", "python3", "-m", "m", "--x=2"], ("m", ["--x=2"], {"A": "1"})),
        (["python", "-m", "m", "a"], ("m", ["a"], {})),
        (["/usr/bin/env", "python", "train.py"], (None, [], {})),
        (["bash", "-c", "true"], (None, [], {})),
    ],
)
def test_the_module_of_a_command_is_read_from_its_words(command, expected):
    assert module_of(command) == expected


def test_nothing_that_is_imported_beforehand_runs_an_op():
    # A process forked after TensorFlow has run an op hangs for ever.
    program = (
        f"import importlib\nfor name in {[*WARM, *BESIDE]}: importlib.import_module(name)\n"
        "import threading\nfrom tensorflow.python.eager import context\n"
        "assert context.context()._context_handle is None, 'an op has run'\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
