"""`rarebeat backup`: a consistent copy of a server's directory, also while it runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import click

from rarebeat.server.blobs import place
from rarebeat.server.commands import DIRECTORY, Failure, examined, existing_database
from rarebeat.server.needs import Damage, blobs_of

# The key, so that clients need no other; the address, so that agents find the restored server.
BESIDE = ("key", "server.json")


@click.command()
@click.argument("destination", type=click.Path(path_type=Path))
@DIRECTORY
def backup(destination: Path, directory: Path) -> None:
    """Copy everything to the new folder DESTINATION; the server may run meanwhile.

    `rarebeat up --dir DESTINATION` serves the copy. The exit code is 1 when files are damaged in the
    original; they are named, and the copy holds everything else.
    """
    existing_database(directory)
    if os.path.lexists(destination):
        raise Failure(f"{destination} is there already; name a folder that is not")
    try:
        with _appearing(destination) as folder:
            damaged = _fill(folder, directory)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise Failure(f"{destination} cannot be written: {reason}") from None
    click.echo(
        f"Everything in {directory} is in {destination}; `rarebeat up --dir {destination}` serves it."
        if not damaged
        else "\n".join(["The copy is made, and lacks what is damaged in the original:", *map(str, damaged)]),
        err=True,
    )
    if damaged:
        raise SystemExit(1)


@contextmanager
def _appearing(destination: Path) -> Iterator[Path]:
    """A folder to fill beside the destination; it gets its name when it is full, or is not there at all."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        yield folder
        os.rename(folder, destination)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, directory: Path) -> list[Damage]:
    # The database first: what it refers to is there by then, and stays for a day after it was deleted.
    with (
        closing(sqlite3.connect(directory / "tracking.db", timeout=60)) as source,
        closing(sqlite3.connect(folder / "tracking.db")) as copy,
    ):
        source.backup(copy)
        with click.progressbar(blobs_of(copy), label="copying files", file=sys.stderr) as bar:
            for digest, _ in bar:
                _bring(place(directory, digest), place(folder, digest))
        for name in BESIDE:
            with suppress(FileNotFoundError):
                shutil.copy2(directory / name, folder / name)
        damaged = examined(copy, folder)
        for damage in damaged:
            place(folder, damage.digest).unlink(missing_ok=True)
    _sync(folder)
    return damaged


def _bring(source: Path, target: Path) -> None:
    """Links the file, which is never written to again; copies it to another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(source, target)


def _sync(folder: Path) -> None:
    """Everything in the folder is on the disk before the folder gets its name."""
    for path in [folder, *folder.rglob("*")]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
