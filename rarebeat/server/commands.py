"""`rarebeat up`, `down` and `status`: the embedded server on the command line."""

from __future__ import annotations

import configparser
import json
import shlex
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from rarebeat.server import daemon
from rarebeat.server.borrowing import keep
from rarebeat.server.client_settings import write_base_url
from rarebeat.server.directory import CannotServe, read_address
from rarebeat.server.needs import Damage, blobs_of, examine

PORT = 8765
DIRECTORY = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".rarebeat"),
    show_default=True,
    help="Where runs, files and sweeps are kept.",
)


class Failure(click.ClickException):
    """One sentence on stderr and exit code 2."""

    exit_code = 2


@click.command()
@DIRECTORY
@click.option("--host", default="127.0.0.1", show_default=True, help="Beyond loopback the key is demanded.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"0 takes a free one.  [default: the directory's last one, at first {PORT}]",
)
@click.option("--foreground", is_flag=True, help="Serve in this terminal until Ctrl-C.")
@click.option(
    "--validator",
    default="rarebeat check -",
    show_default=True,
    help='A command that reads a sweep\'s YAML on stdin and exits with 2 to refuse it; "" switches it off.',
)
@click.option("--demand-key", is_flag=True, help="On this machine too: for a proxy in front.")
@click.option("--crash-after", type=float, default=None, hidden=True)
def up(
    directory: Path,
    host: str,
    port: int | None,
    foreground: bool,
    validator: str,
    demand_key: bool,
    crash_after: float | None,
) -> None:
    """Start the embedded W&B server and print the exports that point wandb at it.

    Use it as: eval "$(rarebeat up)"
    """
    try:
        command = shlex.split(validator) or None
    except ValueError as error:
        raise click.BadParameter(f"{validator!r} is no command: {error}", param_hint="--validator") from None
    if port is None:
        # Agents that are still out there know the directory's last address.
        last = read_address(directory)
        port = last.port if last else PORT
    if foreground:
        _foreground(directory, host, port, command, crash_after, demand_key)
        return
    server = daemon.start(directory, host, port, command, crash_after, demand_key)
    keep(directory)
    words = "started" if server.started else "was already running"
    click.echo(f"The server on {directory} {words}: {server.url} (process {server.pid}).", err=True)
    _point_here(server)


def _foreground(
    directory: Path,
    host: str,
    port: int,
    validator: list[str] | None,
    crash_after: float | None,
    demand_key: bool,
) -> None:
    # Imported here: the other commands need no web server.
    from rarebeat.server.serve import Settings, serve

    if (server := daemon.running(directory)) is not None:
        raise CannotServe(f"a server is already running on {directory}: {server.url}")
    settings = Settings(directory, host, port, validator, crash_after or Settings.crash_after, demand_key)
    serve(settings, lambda address: _point_here(daemon.server_at(address, directory, started=True)))


def _point_here(server: daemon.Server) -> None:
    """Prints the exports, and points the clients of the working folder at the server."""
    for name, value in server.environment.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    folder = Path.cwd()
    try:
        write_base_url(folder, server.url)
    except (OSError, configparser.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        click.echo(
            f"Warning: {folder / 'wandb' / 'settings'} could not be written ({reason}): "
            "a terminal without the exports talks to another server.",
            err=True,
        )


@click.command()
@DIRECTORY
def down(directory: Path) -> None:
    """Stop the embedded server; everything it holds stays in its directory."""
    stopped = daemon.stop(directory)
    click.echo(f"The server on {directory} {'has stopped' if stopped else 'was not running'}.", err=True)


@click.command()
@DIRECTORY
@click.option("--verify", is_flag=True, help="Read every stored file and name those that are damaged.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(directory: Path, verify: bool, as_json: bool) -> None:
    """Say where the embedded server is and what it holds.

    With --verify the exit code is 1 when something is damaged.
    """
    server = daemon.running(directory)
    database = existing_database(directory)
    found = {"running": server is not None, "url": server and server.url, "pid": server and server.pid}
    found |= _counts(database)
    damaged = _verified(directory, database) if verify else []
    if as_json:
        listed = {"damaged": [asdict(damage) for damage in damaged]} if verify else {}
        click.echo(json.dumps(found | listed))
    else:
        click.echo(f"{server.url} (process {server.pid})" if server else "not running")
        for what in ("sweeps", "runs", "unknown_fields"):
            listed = ", ".join(f"{name}: {count}" for name, count in found[what].items())
            click.echo(f"{what.replace('_', ' ')}: {listed or 'none'}")
        if verify:
            click.echo("\n".join(map(str, damaged)) or "every stored file is as it was kept")
    if damaged:
        raise SystemExit(1)


def existing_database(directory: Path) -> Path:
    """The directory's database.

    Raises:
        Failure: when there is none.
    """
    database = directory / "tracking.db"
    if not database.is_file():
        raise Failure(f"{directory} holds no server's data; start one with `rarebeat up`")
    return database


def _verified(directory: Path, database: Path) -> list[Damage]:
    with closing(sqlite3.connect(database, timeout=10)) as db:
        return examined(db, directory)


def examined(db: sqlite3.Connection, directory: Path) -> list[Damage]:
    """What is damaged among the stored files; with a bar on stderr.

    Raises:
        Failure: when the database itself is damaged.
    """
    try:
        [(wrong, *_)] = db.execute("PRAGMA quick_check(1)").fetchall()
        blobs = blobs_of(db)
        if wrong == "ok":
            with click.progressbar(
                examine(db, directory, blobs), len(blobs), "reading files", file=sys.stderr
            ) as bar:
                return [damage for damage in bar if damage]
    except sqlite3.DatabaseError as error:
        wrong = error
    raise Failure(f"the database of {directory} is damaged: {wrong}")


def _counts(database: Path) -> dict[str, dict[str, int]]:
    db = sqlite3.connect(database, timeout=10)
    try:
        queries = {
            "sweeps": "SELECT state, count(*) FROM sweeps GROUP BY state",
            "runs": "SELECT state, count(*) FROM runs GROUP BY state",
            "unknown_fields": "SELECT name, seen FROM unknown_fields ORDER BY seen DESC",
        }
        return {name: dict(db.execute(query).fetchall()) for name, query in queries.items()}
    except sqlite3.DatabaseError as error:
        raise Failure(f"{database} cannot be read: {error}") from None
    finally:
        db.close()
