"""Agents on a Ray cluster whose nodes are processes of this machine, and one of which is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from data_utils.errors import BadInput
from rarebeat.agent import agent
from rarebeat.cluster import Share, refuse_unfit
from rarebeat.processes import kill_processes, tree

POINTS, AGENTS = 16, 8
SWEEP = f"""\
method: grid
project: cluster
command: ["${{env}}", "${{interpreter}}", "train.py"]
metric: {{name: value, goal: maximize}}
parameters:
  x: {{values: {list(range(POINTS))}}}
"""
TRAINING = """\
import os, time, wandb

run = wandb.init()
for step in range(3):
    run.log({"value": run.config["x"] + step})
    time.sleep(1)
run.log({"gpu": os.environ["CUDA_VISIBLE_DEVICES"], "growth": os.environ["TF_FORCE_GPU_ALLOW_GROWTH"]})
run.finish()
with open("ended.txt", "a") as file:
    file.write(f"{run.config['x']}\\n")
"""
# Three nodes with room for four agents each by their processors, and by quarters of their only GPU.
NODES = """\
import json, sys
from ray._private.ray_constants import PROCESS_TYPE_RAYLET
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
nodes = [cluster.add_node(num_cpus=4, num_gpus=1) for _ in range(3)]
lists = [node.all_processes[PROCESS_TYPE_RAYLET] for node in nodes]
print(json.dumps([cluster.address, [listed[0].process.pid for listed in lists]]), flush=True)
sys.stdin.read()
cluster.shutdown()
"""
# Four nodes begin at once on a machine that has other things to do.
PATIENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "180",
    "RAY_worker_register_timeout_seconds": "180",
}
LOOK = """\
import json, sys, wandb
runs = wandb.Api().sweep(sys.argv[1]).runs
print(json.dumps([[run.config.get("x"), run.state, run.summary_metrics.get("gpu"),
                   run.summary_metrics.get("growth")] for run in runs]))
"""


class Nodes:
    """The cluster: its address, and the process by which each node lives."""

    def __init__(self, shell) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", NODES], cwd=shell.folder, env=shell.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.address, self.raylets = json.loads(self.process.stdout.readline())

    def end(self) -> None:
        everything = tree([self.process.pid])
        self.process.communicate()
        kill_processes(everything)


@pytest.fixture
def shell(tmp_path, terminal, backend):
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    (tmp_path / "train.py").write_text(TRAINING, encoding="utf-8")
    (tmp_path / "look.py").write_text(LOOK, encoding="utf-8")
    return terminal(tmp_path, {**backend.env, **PATIENT})


@pytest.fixture
def nodes(shell) -> Iterator[Nodes]:
    pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    nodes = Nodes(shell)
    yield nodes
    nodes.end()


def create(shell) -> str:
    return shell.run("wandb", "sweep", "sweep.yaml").stderr.split("wandb agent ")[1].split()[0]


def look(shell, path: str) -> list[list]:
    return json.loads(shell.run(sys.executable, "look.py", path).stdout.splitlines()[-1])


def runs_below(pid: int) -> set[tuple[int, str]]:
    """The processes of trainings that descend from `pid`."""
    return {(one, when) for one, when in tree([pid]) if "train.py" in _command(one)}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def until(condition, seconds: float = 240.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_node_that_is_lost_costs_its_runs_time_and_no_run_ends_twice(shell, nodes):
    path = create(shell)
    command = ["rarebeat", "agent", path, "--ray", nodes.address, "--num", str(AGENTS), "--gpus", "0.25"]
    agents = subprocess.Popen(command, cwd=shell.folder, env=shell.environment, stderr=subprocess.PIPE)
    try:
        lost = until(lambda: next((pid for pid in nodes.raylets if runs_below(pid)), None))
        # As when its machine loses power: nothing on it says a word.
        kill_processes(tree([lost]))
        said = agents.communicate(timeout=600)[1].decode()
    finally:
        agents.kill()
    assert agents.returncode == 0, said
    runs = look(shell, path)
    assert sorted(x for x, *_ in runs) == list(range(POINTS))
    assert {state for _, state, *_ in runs} == {"finished"}
    ended = (shell.folder / "ended.txt").read_text().split()
    assert sorted(map(int, ended)) == list(range(POINTS))
    # The GPU is the one that Ray gave, shared with others.
    assert {tuple(rest) for _, _, *rest in runs} == {("0", "true")}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ctrl_c_ends_agents_and_runs_on_every_node(shell, nodes):
    path = create(shell)
    agents = shell.start("rarebeat", "agent", path, "--ray", nodes.address, "--num", "3")
    begun = until(lambda: runs_below(nodes.process.pid))
    agents.send_signal(signal.SIGINT)
    done = shell.end(agents, code=130)
    assert f"Go on: rarebeat agent {path} --ray {nodes.address} --num 3" in done.stderr
    until(lambda: not runs_below(nodes.process.pid), seconds=20)
    assert not tree(pid for pid, _ in begun) & begun


def test_what_is_missing_for_a_cluster_is_said_in_one_sentence(monkeypatch):
    def refused(*options: str) -> str:
        failure = CliRunner().invoke(agent, ["local/p/s", *options]).exception
        assert isinstance(failure, BadInput)
        return str(failure)

    assert "--ray HOST:PORT" in refused("--num", "2")
    assert "--num" in refused("--ray", "head:6379")
    assert "--gpus" in refused("--ray", "head:6379", "--num", "2", "--per-device", "2")
    assert refused("--ray", "head:6379", "--num", "2", "--gpus", "1.5").endswith(
        "above 1 it is a whole number"
    )
    monkeypatch.setitem(sys.modules, "ray", None)
    missing = "Ray is not installed: pip install 'rarebeat[cluster]'"
    assert refused("--ray", "head:6379", "--num", "2", "--gpus", "0.25") == missing


def test_nodes_have_to_hold_an_agent_and_to_reach_the_server():
    here = {"NodeID": "a", "NodeManagerAddress": "192.0.2.1", "Resources": {"CPU": 8.0}}
    other = {"NodeID": "b", "NodeManagerAddress": "192.0.2.2", "Resources": {"CPU": 8.0, "GPU": 1.0}}
    refuse_unfit([here], "a", Share(8.0, 0.0), "http://127.0.0.1:8765")
    with pytest.raises(BadInput, match=r"no node of the cluster has 1 CPU and 0\.25 GPU for an agent"):
        refuse_unfit([here], "a", Share(1.0, 0.25), "http://192.0.2.1:8765")
    refuse_unfit([here, other], "a", Share(1.0, 0.25), "http://192.0.2.1:8765")
    with pytest.raises(BadInput, match=r"192\.0\.2\.2 cannot reach http://127\.0\.0\.1:8765, .*up --host"):
        refuse_unfit([here, other], "a", Share(1.0, 0.25), "http://127.0.0.1:8765")
