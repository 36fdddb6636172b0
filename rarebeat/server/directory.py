"""A server's directory as other processes see it: its key, its lock, where the server listens."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import click

KEY_CHARACTERS = 40  # the client refuses shorter ones


class CannotServe(click.ClickException):
    """In one sentence, why this server cannot start or be reached; on the command line exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class Address:
    """What a running server writes beside its data, so that others find it."""

    url: str
    host: str
    port: int
    pid: int


def url_of(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make(directory: Path) -> None:
    """Makes the directory unless it is there, for its owner alone: results may tell of patients.

    Raises:
        CannotServe: when it cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotServe(f"{directory} cannot be made: {error.strerror}; name another with --dir") from None


def read_key(directory: Path) -> str:
    """The directory's key, made at first use; only its owner can read the file.

    Raises:
        CannotServe: when it can neither be read nor made.
    """
    path = directory / "key"
    try:
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(KEY_CHARACTERS // 2))
        return path.read_text().strip()
    except OSError as error:
        raise CannotServe(f"{path} cannot be read: {error.strerror}") from None


def read_address(directory: Path) -> Address | None:
    """Where the last server of this directory was; it need not run any more."""
    try:
        return Address(**json.loads((directory / "server.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def lock(directory: Path) -> IO[str] | None:
    """The directory's lock, for as long as the file is open; None when a server holds it."""
    file = (directory / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def is_locked(directory: Path) -> bool:
    """Whether a server holds the directory's lock. Looking changes nothing and needs no right to write.

    Raises:
        CannotServe: when one may not even look.
    """
    try:
        with (directory / "lock").open() as file:
            # Shared, so that two who look do not take each other for a server.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise CannotServe(f"{directory} cannot be read: {error.strerror}") from None
    return False


def write_address(directory: Path, address: Address) -> None:
    aside = directory / "server.new"
    aside.write_text(json.dumps(asdict(address)))
    os.replace(aside, directory / "server.json")
