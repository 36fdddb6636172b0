"""Under the real `wandb agent`: a run whose process is killed goes on under its own id, here or elsewhere."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from rarebeat.processes import kill_processes, tree

BIN = Path(sys.executable).parent
SWEEP = """\
method: grid
project: resumed
run_cap: 1
command: ["${env}", "${interpreter}", "-m", "training.train"]
metric: {name: best/macro_auprc, goal: maximize}
parameters:
  seed: {values: [0, 1]}
  epochs: {value: 6}
  steps_per_epoch: {value: 25}
  patience: {value: 9}
  n_blocks: {value: 2}
  filters: {value: 4}
  checkpoint_upload: {value: true}
"""
PLUGIN = """
import os
from pathlib import Path
from training.checkpoint import Keeper

def begin(self, epoch, logs=None):
    self._now = epoch + 1

def end_of_step(self, step, logs=None):
    done = Path("signalled")
    if self._now == 3 and step == 1 and not done.exists():
        done.touch()
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))

Keeper.on_epoch_begin, Keeper.on_train_batch_end = begin, end_of_step
"""
WAITS = """
import time
from training.checkpoint import Keeper

def begin(self, epoch, logs=None):
    if epoch == 3:
        time.sleep(6)

Keeper.on_epoch_begin = begin
"""
LOOK = """
import json, sys, wandb
(run,) = wandb.Api().sweep(sys.argv[1]).runs
for artifact in run.logged_artifacts():
    if artifact.type == "model":
        artifact.download("model-" + sys.argv[2])
print(json.dumps({"state": run.state, "rows": [r.get("epoch") for r in run.scan_history()],
    "bests": [r.get("best/macro_auprc") for r in run.scan_history()],
    "files": sorted(f.name for f in run.files() if f.name.startswith("checkpoint/"))}))
"""


class Agents:
    """The vendor's agents, each in a folder of its own as on its own machine."""

    def __init__(self, folder, backend, data):
        self.folder = folder
        self.environment = {**backend.env, "RAREBEAT_DATA": str(data)}
        self.environment["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"

    def sweep(self):
        (self.folder / "sweep.yaml").write_text(SWEEP)
        done = subprocess.run(
            [BIN / "wandb", "sweep", "sweep.yaml"], cwd=self.folder, env=self.environment,
            capture_output=True, text=True,
        )  # fmt: skip
        return re.search(r"wandb agent (\S+)", done.stderr + done.stdout)[1]

    def agent(self, path, machine, signalled=None):
        """Run an agent to its end; its first run gets the signal in epoch 3."""
        folder = self.folder / f"{machine}-{path[-4:]}"
        folder.mkdir()
        environment = dict(self.environment)
        if signalled:
            (folder / "ends_itself.py").write_text(PLUGIN)
            known = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
            asked = {"PYTHONPATH": known, "RAREBEAT_PLUGINS": "ends_itself", "SIGNAL": str(int(signalled))}
            environment |= asked
        done = subprocess.run(
            [BIN / "wandb", "agent", path], cwd=folder, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return done.stdout

    def look(self, path, name):
        done = subprocess.run(
            [sys.executable, "-c", LOOK, path, name], cwd=self.folder, env=self.environment,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        model = keras.models.load_model(self.folder / f"model-{name}" / "model.keras", compile=False)
        return json.loads(done.stdout.splitlines()[-1]), [np.asarray(w) for w in model.get_weights()]


def _training(agent):
    """The process of the agent's run: `${env}` has become Python by then."""
    everything = [pid for pid, _ in tree([agent])]
    (run,) = [pid for pid in everything if _arguments(pid)[1:3] == [b"-m", b"training.train"]]
    return run


def _arguments(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_under_an_agent_goes_on_and_logs_each_epoch_once(tmp_path, backend, dataset_file):
    shell = Agents(tmp_path, backend, dataset_file)
    whole, killed, preempted = shell.sweep(), shell.sweep(), shell.sweep()

    shell.agent(whole, "one")
    said = shell.agent(killed, "one", signal.SIGKILL)
    assert "This run goes on from epoch 2." in said
    assert "Asked to end" in shell.agent(preempted, "one", signal.SIGTERM)

    expected, weights = shell.look(whole, "whole")
    assert expected["rows"][:6] == [1, 2, 3, 4, 5, 6]
    for path, name in ((killed, "killed"), (preempted, "preempted")):
        seen, found = shell.look(path, name)
        assert seen["state"] == "finished"
        assert seen["rows"] == expected["rows"]
        assert seen["bests"] == expected["bests"]
        assert all(np.array_equal(one, other) for one, other in zip(found, weights, strict=True))
        assert seen["files"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_another_machine_goes_on_from_the_checkpoint_among_the_runs_files(tmp_path, backend, dataset_file):
    shell = Agents(tmp_path, backend, dataset_file)
    path = shell.sweep()
    folder = tmp_path / "one"
    folder.mkdir()
    # However fast the machine is, the run is not over when it is asked to end.
    (folder / "waits.py").write_text(WAITS)
    first = subprocess.Popen(
        [BIN / "wandb", "agent", path], cwd=folder, env=shell.environment | {"RAREBEAT_PLUGINS": "waits"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for line in first.stdout:
        if "epoch 3 " in line:
            time.sleep(2)  # for the client to send the file
            os.kill(_training(first.pid), signal.SIGTERM)
            first.kill()
            break
    kill_processes(tree([first.pid]))
    first.communicate()

    said = shell.agent(path, "two")

    assert re.search("This run goes on from epoch [2-6]", said), said
    seen, _ = shell.look(path, "two")
    assert seen["rows"][:6] == [1, 2, 3, 4, 5, 6]
