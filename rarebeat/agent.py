"""`rarebeat agent`: warm agents on a sweep of any W&B server, on this machine or on a cluster."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from data_utils.errors import BadInput
from rarebeat.agents import Agents, agent_environment
from rarebeat.backend import DIRECTORY, connect, find_backend
from rarebeat.cluster import ClusterAgents, Share, load_ray
from rarebeat.devices import places
from rarebeat.run_logs import last_line
from rarebeat.sweep import LOGS, interruptible
from rarebeat.sweep_rules import runs_in_all
from rarebeat.sweep_runs import find_sweep, sweep_path
from rarebeat.watching import Enough, watch
from training.gpus import visible_gpus


@click.command()
@click.argument("path")
@click.option("--count", type=click.IntRange(1), help="Runs of each agent, at most.")
@click.option(
    "--per-device", type=click.IntRange(1),
    help="Agents that share each GPU, 1; without a GPU they share the processor.",
)  # fmt: skip
@click.option("--max-minutes", type=click.FloatRange(0, min_open=True), help="End a run that takes longer.")
@click.option("--ray", metavar="ADDRESS", help="On the Ray cluster whose head is at HOST:PORT.")
@click.option("--num", type=click.IntRange(1), help="On the cluster: agents in all.")
@click.option("--gpus", type=click.FloatRange(0), help="On the cluster: GPUs of each, 0; 0.25 shares one.")
@click.option(
    "--cpus", type=click.FloatRange(0, min_open=True), help="On the cluster: cores of each agent, 1."
)
@click.option(
    "--dir", "directory", type=click.Path(path_type=Path), default=DIRECTORY, show_default=True,
    help="The embedded server's folder.",
)  # fmt: skip
def agent(
    path: str,
    count: int | None,
    per_device: int | None,
    max_minutes: float | None,
    ray: str | None,
    num: int | None,
    gpus: float | None,
    cpus: float | None,
    directory: Path,
) -> None:
    """Run the sweep at PATH (ENTITY/PROJECT/SWEEP) with one agent for each GPU, or one on the processor.

    As `wandb agent`, but a run is forked from a process that has everything imported, at once when the last
    one ends.
    """
    share = _share(ray, num, gpus, cpus, per_device)
    backend = find_backend(directory)
    api = connect(backend)
    found = find_sweep(api, path)
    environment = backend.environment(os.environ)
    bounds = Bounds(count, None if max_minutes is None else 60 * max_minutes)
    again = shlex.join(["rarebeat", *sys.argv[1:]])
    agents: Agents | ClusterAgents
    if share:
        agents = _on_cluster(sweep_path(found), ray, num, share, environment, bounds)
    else:
        agents = _here(sweep_path(found), per_device or 1, environment, bounds)
    with interruptible():
        watch(api, agents, Enough(runs_in_all(found.config)), again)
    if agents.gave_up():
        reason = last_line(agents.logs) or "in the logs of their nodes"
        raise click.ClickException(f"agents gave up after failed runs; the last words were: {reason}")


@dataclass(frozen=True)
class Bounds:
    """Runs of each agent, and seconds of a run, at most."""

    count: int | None
    limit: float | None


def _share(
    ray: str | None, num: int | None, gpus: float | None, cpus: float | None, per_device: int | None
) -> Share | None:
    """What an agent takes of its node; None for this machine."""
    if ray is None:
        if (num, gpus, cpus) != (None, None, None):
            raise BadInput("--num, --gpus and --cpus are of a cluster's agents: name it with --ray HOST:PORT")
        return None
    if num is None or per_device is not None:
        raise BadInput("with --ray say how many agents by --num, and how many share a GPU by --gpus")
    share = Share(cpus or 1.0, gpus or 0.0)
    for name, value in (("--gpus", share.gpus), ("--cpus", share.cpus)):
        if value > 1 and value != int(value):
            raise BadInput(f"{name} {value:g}: above 1 it is a whole number")
    load_ray()
    return share


def _here(path: str, per_device: int, environment: dict[str, str], bounds: Bounds) -> Agents:
    where = places(visible_gpus(), per_device)
    shared = agent_environment(environment, len(where), None)
    return Agents(path, where, shared, LOGS / path.rsplit("/", 1)[-1], bounds.count, bounds.limit)


def _on_cluster(
    path: str, address: str, num: int, share: Share, environment: dict[str, str], bounds: Bounds
) -> ClusterAgents:
    logs = LOGS / path.rsplit("/", 1)[-1]
    agents = ClusterAgents(path, address, num, share, environment, logs, bounds.count, bounds.limit)
    agents.connect()
    return agents
