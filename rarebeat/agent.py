"""`rarebeat agent`: warm agents on a sweep of any W&B server, as many as this machine has devices."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rarebeat.agents import Agents, agent_environment
from rarebeat.backend import DIRECTORY, connect, find_backend
from rarebeat.devices import places
from rarebeat.run_logs import last_line
from rarebeat.sweep import LOGS, interruptible
from rarebeat.sweep_runs import find_sweep, sweep_path
from rarebeat.watching import Enough, watch
from training.gpus import visible_gpus


@click.command()
@click.argument("path")
@click.option("--count", type=click.IntRange(1), help="Runs of each agent, at most.")
@click.option(
    "--per-device", type=click.IntRange(1), default=1, show_default=True,
    help="Agents that share each GPU; without a GPU they share the processor.",
)  # fmt: skip
@click.option("--max-minutes", type=click.FloatRange(0, min_open=True), help="End a run that takes longer.")
@click.option(
    "--dir", "directory", type=click.Path(path_type=Path), default=DIRECTORY, show_default=True,
    help="The embedded server's folder.",
)  # fmt: skip
def agent(path: str, count: int | None, per_device: int, max_minutes: float | None, directory: Path) -> None:
    """Run the sweep at PATH (ENTITY/PROJECT/SWEEP) with one agent for each GPU, or one on the processor.

    As `wandb agent`, but a run is forked from a process that has everything imported, at once when the last
    one ends.
    """
    backend = find_backend(directory)
    api = connect(backend)
    path = sweep_path(find_sweep(api, path))
    where = places(visible_gpus(), per_device)
    data = os.environ.get("RAREBEAT_DATA")
    environment = agent_environment(backend.environment(os.environ), len(where), Path(data) if data else None)
    limit = None if max_minutes is None else 60 * max_minutes
    agents = Agents(path, where, environment, LOGS / path.rsplit("/", 1)[-1], count, limit)
    with interruptible():
        watch(api, agents, Enough(), f"rarebeat agent {path}")
    if agents.gave_up():
        raise click.ClickException(
            f"agents gave up after failed runs; the last words were: {last_line(agents.logs)}"
        )
