"""`rarebeat keys`: who may use the server beyond its own machine."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import click

from rarebeat.server.commands import DIRECTORY, Failure, existing_database
from rarebeat.server.directory import read_address
from rarebeat.server.keys import add_key, keys_of, revoke_key


@click.group()
def keys() -> None:
    """Keys for the people who share the embedded server; its owner has the one of `rarebeat up`."""


@keys.command()
@click.argument("name")
@DIRECTORY
def add(name: str, directory: Path) -> None:
    """Make a key for NAME and print it, this once."""
    with _database(directory) as db:
        key = add_key(db, name, time.time())
    click.echo(key)
    address = read_address(directory)
    port = address.port if address else "PORT"
    click.echo(
        f"It is shown this once. {name} sets WANDB_API_KEY to it, WANDB_BASE_URL to the server's address "
        f"(http://THIS-MACHINE:{port}) and WANDB_ERROR_REPORTING to false.",
        err=True,
    )


@keys.command("list")
@DIRECTORY
def list_(directory: Path) -> None:
    """Print the names, and since when they have a key."""
    with _database(directory) as db:
        for name, made in keys_of(db):
            click.echo(f"{name}  since {datetime.fromtimestamp(made):%Y-%m-%d %H:%M}")


@keys.command()
@click.argument("name")
@DIRECTORY
def revoke(name: str, directory: Path) -> None:
    """Make NAME's key worthless at once; runs and files stay."""
    with _database(directory) as db:
        revoke_key(db, name)
    click.echo(f"The key of {name} opens nothing any more.", err=True)


@contextmanager
def _database(directory: Path) -> Iterator[sqlite3.Connection]:
    path = existing_database(directory)
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as db:
        try:
            yield db
        except sqlite3.Error as error:
            raise Failure(f"{path} cannot be used ({error}); `rarebeat up` mends an older one") from None
