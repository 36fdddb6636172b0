"""`rarebeat schedule`: our engines search a sweep on any W&B backend, as the client's own scheduler would.

The client drives the loop (`wandb sweep-scheduler`, wandb 0.31): it polls the sweep's runs, tells their
results, asks for the next ones and queues them for the agents. Only the optimizer that it asks is ours.
"""

from __future__ import annotations

import click

from rarebeat.backend import client_errors, connect
from rarebeat.search.engines import ENGINES
from rarebeat.sweep_runs import find_sweep


@click.command()
@click.argument("path")
@click.option("--method", type=click.Choice(list(ENGINES)), help="Else the sweep's own; for custom, bayes.")
@click.option("--seed", type=click.IntRange(0), help="Else one made of the sweep's id.")
@click.option("--agents", type=click.IntRange(1), default=1, show_default=True,
              help="So many runs are queued or under way at once.")  # fmt: skip
@click.option("--poll", type=click.FloatRange(1.0), default=10.0, show_default=True, metavar="SECONDS",
              help="How often the runs are looked at.")  # fmt: skip
def schedule(path: str, method: str | None, seed: int | None, agents: int, poll: float) -> None:
    """Search a sweep from here, on whatever server it is: with a seed, masking, and no point twice.

    PATH is ENTITY/PROJECT/SWEEP, PROJECT/SWEEP, the sweep's web address, or its id alone. Its YAML says
    `scheduler: {engine: wandb}`, so that its server does not search as well; `wandb agent` runs it as ever.
    Ctrl-C ends this command and not the sweep: the same command goes on from the runs that there are.
    """
    # Imported here: they bring the client, which `rarebeat --help` need not wait for.
    from wandb.sdk.sweeps.scheduler.client import run_scheduler

    from rarebeat.schedule_engine import Engine

    with client_errors():
        sweep = find_sweep(connect(), path)
        done = run_scheduler(
            entity=sweep.entity,
            project=sweep.project,
            sweep_id=sweep.id,
            make_optimizer=lambda info: Engine(info, method, seed),
            batch_size=agents,
            poll_interval=poll,
        )
    click.echo(done.message or "stopped; the same command goes on", err=True)
