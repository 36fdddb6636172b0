"""`rarebeat prune`: let go of the models that nobody will take, and keep their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rarebeat.backend import client_errors, connect
from rarebeat.configurations import in_order, join
from rarebeat.ranking import rank
from rarebeat.sweep_runs import Entry, find_sweep, read_sweep

if TYPE_CHECKING:
    import wandb


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--keep", type=click.IntRange(1), required=True, help="How many runs keep their model.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(paths: tuple[str, ...], keep: int, yes: bool) -> None:
    """Delete the models of all runs of sweeps but the best; metrics and predictions stay.

    Best is what `rarebeat best` would take first: the runs of the best configuration, then of the next.
    Runs that are not over, and runs that failed, are left alone.
    """
    api = connect()
    ranking = rank(join([read_sweep(api, find_sweep(api, path)) for path in paths]))
    models = surplus(api, in_order(ranking), keep)
    if not models:
        click.echo(f"Nothing to let go of: no model beyond the best {keep}.")
        return
    size = sum(model.size for model in models) / 1e6
    what = f"{len(models)} {'model' if len(models) == 1 else 'models'} ({size:.1f} MB) of {ranking.runs.path}"
    if not yes:
        click.confirm(f"Delete {what} for good?", abort=True)
    for model in models:
        with client_errors():
            model.delete(delete_aliases=True)
    click.echo(f"Deleted {what}; the best {keep} are kept.")


def surplus(api: wandb.Api, runs: Sequence[Entry], keep: int) -> list[wandb.Artifact]:
    """The model artifacts of all runs but the first `keep` that have one."""
    models: list[wandb.Artifact] = []
    having = 0
    for entry in runs:
        with client_errors():
            logged = [one for one in api.run(entry.path).logged_artifacts() if one.type == "model"]
        having += bool(logged)
        models += logged if having > keep else []
    return models
