"""`rarebeat data`: bring recordings into dataset files, and look at what is in one."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import click

from data_utils.errors import BadInput
from rarebeat.progress_bar import bar, say
from rarebeat.publish import publish
from rarebeat.sources import SourceGroup, build_command, fetch_command
from rarebeat.tables import console
from rarebeat.write_page import check_page, write_page

_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Data file to write; its sealed side goes beside it.",
)
_OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that are there already.")


@click.group()
def data() -> None:
    """Draft, fetch, build, simulate and show dataset files."""
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

    with bar("Simulating") as progress:
        simulate_dataset(out, patients, minutes, seed, overwrite, progress)
    say(f"Wrote {out}: simulated beats. Look at it with: rarebeat data show {out}")


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Draft anew where a mapping is there already.")
def init(folder: Path, overwrite: bool) -> None:
    """Look at FOLDER's recordings and table and draft rarebeat.yaml, which says how to read them."""
    from data_utils.sources.draft import write_draft

    path, drafted = write_draft(folder, overwrite)
    for question in drafted.questions:
        say(question)
    say(f"Wrote {path}. Read it, mend it, then: rarebeat data build records --from {path} --out FILE")


data.add_command(publish)
data.add_command(
    SourceGroup(
        "build",
        command=build_command,
        help="Read a source's recordings into OUT and its sealed .test.h5: rarebeat data build SOURCE --help",
    )
)
data.add_command(
    SourceGroup(
        "fetch", command=fetch_command, help="Download a source's recordings, going on where it stopped."
    )
)


@data.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Plain data on stdout.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with pictures here instead.")
@click.option("--verify", is_flag=True, help="Hash the whole file and compare it with its digest.")
def show(file: Path, as_json: bool, html: Path | None, verify: bool) -> None:
    """Show counts by split, fold and recording, and what was left out. Never opens the sealed side."""
    from data_utils import dataset as datasets
    from rarebeat import show_dataset

    dataset = datasets.open_dataset(file)
    if dataset.sealed:
        raise BadInput(
            f"{file} is sealed: show the training file beside it, which also counts what is in this one."
        )
    if html:
        check_page(html)
    verified = datasets.verify(file) if verify else None
    if html:
        from rarebeat.show_html import dataset_page

        write_page(html, dataset_page(dataset))
        say(f"Wrote {html}: open it in a browser.")
    if as_json:
        click.echo(json.dumps(show_dataset.as_data(dataset, verified), indent=2))
    elif not html:
        show_dataset.show(dataset, verified, console())
    if verified is False:
        raise BadInput(f"{file} has been changed since it was built: its contents do not have its digest.")
