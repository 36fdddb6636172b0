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

KEY_CHARACTERS = 40  # the client refuses shorter ones


class CannotServe(Exception):
    """In one sentence, why this server cannot start."""


@dataclass(frozen=True)
class Address:
    """What a running server writes beside its data, so that others find it."""

    url: str
    host: str
    port: int
    pid: int


def url_of(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def read_key(directory: Path) -> str:
    """The directory's key, made at first use; only its owner can read the file."""
    path = directory / "key"
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(KEY_CHARACTERS // 2))
    return path.read_text().strip()


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


def write_address(directory: Path, address: Address) -> None:
    aside = directory / "server.new"
    aside.write_text(json.dumps(asdict(address)))
    os.replace(aside, directory / "server.json")
