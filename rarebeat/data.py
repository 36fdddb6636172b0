"""`rarebeat data`: bring recordings into dataset files, and look at what is in one."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Data file to write; its sealed side goes beside it.",
)
_OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that are there already.")


@click.group()
def data() -> None:
    """Build, simulate and show dataset files."""
    # A plain kill would skip the clean-up of half-written files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@data.command()
@_OUT
@click.option("--patients", default=32, show_default=True, help="Simulated patients, 12 or more.")
@click.option("--minutes", default=10.0, show_default=True, help="Length of each recording.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same file.")
@_OVERWRITE
def simulate(out: Path, patients: int, minutes: float, seed: int, overwrite: bool) -> None:
    """Make labelled rare-class beats with a dynamical model of the ECG (McSharry et al. 2003)."""
    from data_utils.simulate import simulate as simulate_dataset

    with _progress("Simulating") as progress:
        simulate_dataset(out, patients, minutes, seed, overwrite, progress)
    _say(f"Wrote {out}: simulated beats. Look at it with: rarebeat data show {out}")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, as a function of (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
