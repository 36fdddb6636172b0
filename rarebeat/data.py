"""`rarebeat data`: bring recordings into dataset files, and look at what is in one."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from data_utils.errors import BadInput

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


@data.command()
@click.argument("source", type=click.Choice(["mitdb"]))
@click.option(
    "--from", "folder", type=click.Path(path_type=Path), help="Folder of WFDB records; else download."
)
@_OUT
@click.option("--leads", default="MLII", show_default=True, help="Lead names, comma between; chosen by name.")
@click.option("--include-paced", is_flag=True, help="Let the paced records 102 104 107 217 train.")
@click.option("--include-q", is_flag=True, help="Make Q (paced or unclassifiable) a class of its own.")
@click.option("--published-split", is_flag=True, help="Test on 202 although the same person trains as 201.")
@click.option("--folds", type=int, help="Patient-wise folds of the training side.  [default: 6]")
@_OVERWRITE
def build(
    source: str, folder: Path | None, out: Path, leads: str, overwrite: bool, **options: object
) -> None:
    """Read recordings into OUT and its sealed .test.h5.

    Beats of MIT-BIH in the AAMI classes N, S, V, F: DS1 trains, DS2 is sealed. A record that cannot be used
    is named, left out and counted.
    """
    from data_utils.sources import mitdb
    from data_utils.write import refuse_existing

    refuse_existing(out, overwrite)
    folder = folder or _fetched(out.parent / source)
    names = tuple(lead.strip() for lead in leads.split(","))
    with _progress("Reading records") as progress:
        left_out = mitdb.build(folder, out, mitdb.Options(names, **options), overwrite, progress)
    for each in left_out:
        _say(f"Left out {each.what}: {each.reason}.")
    _say(f"Wrote {out}. Look at it with: rarebeat data show {out}")


@data.command()
@click.argument("source", type=click.Choice(["mitdb"]))
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=Path("data/mitdb"), show_default=True
)
def fetch(source: str, folder: Path) -> None:
    """Download recordings from PhysioNet, going on where an earlier download stopped."""
    _fetched(folder)
    _say(f"{folder} is whole. Build from it with: rarebeat data build {source} --from {folder} --out FILE")


@data.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Plain data on stdout.")
@click.option("--verify", is_flag=True, help="Hash the whole file and compare it with its digest.")
def show(file: Path, as_json: bool, verify: bool) -> None:
    """Show counts by split, fold and recording, and what was left out. Never opens the sealed side."""
    from data_utils import dataset as datasets
    from rarebeat import show_dataset

    dataset = datasets.open_dataset(file)
    if dataset.sealed:
        raise BadInput(
            f"{file} is sealed: show the training file beside it, which also counts what is in this one."
        )
    verified = datasets.verify(file) if verify else None
    if as_json:
        click.echo(json.dumps(show_dataset.as_data(dataset, verified), indent=2))
    else:
        # Piped output has no width of its own, and 80 columns would cut names.
        show_dataset.show(dataset, verified, Console(width=None if sys.stdout.isatty() else 132))
    if verified is False:
        raise BadInput(f"{file} has been changed since it was built: its contents do not have its digest.")


def _fetched(folder: Path) -> Path:
    from data_utils.download import fetch as fetch_records
    from data_utils.sources.mitdb import RECORDS

    with _progress("Downloading from PhysioNet") as progress:
        fetch_records(folder, records=RECORDS, progress=progress)
    return folder


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, as a function of (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
