"""A server for as long as somebody needs it: the first who borrows it starts it, the last one ends it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from rarebeat.server import daemon
from rarebeat.server.directory import CannotServe, make

# Held shared by everyone who borrows; the kernel lets it go when a borrower is killed.
BORROWERS = "borrowers"
# Held for a moment by whoever begins or ends to borrow. Inside: the process that was started to be lent.
LENT = "lent"


@contextmanager
def borrowed(directory: Path, on_end: Callable[[], None] = lambda: None) -> Iterator[daemon.Server]:
    """The directory's server, started if need be, and ended with its last borrower.

    A server that `rarebeat up` has started, or has been told of since, is nobody's to end.

    Args:
        directory: The server's.
        on_end: Called when this borrower was the last and has ended the server.

    Raises:
        CannotServe: in one sentence, why there is none.
    """
    directory = directory.resolve()
    with _deciding(directory) as lent:
        server = daemon.start(directory)
        if server.started:
            _note(lent, str(server.pid))
        borrower = _opened(directory / BORROWERS)
        fcntl.flock(borrower, fcntl.LOCK_SH)
    try:
        yield server
    finally:
        with _deciding(directory) as lent:
            borrower.close()
            if _nobody_else(directory) and _is_lent(lent, directory):
                daemon.stop(directory)
                on_end()


def keep(directory: Path) -> None:
    """Lets the running server stay when its last borrower goes."""
    with _deciding(directory.resolve()) as lent:
        _note(lent, "")


@contextmanager
def _deciding(directory: Path) -> Iterator[IO[str]]:
    make(directory)
    with _opened(directory / LENT) as lent:
        fcntl.flock(lent, fcntl.LOCK_EX)
        yield lent


def _opened(path: Path) -> IO[str]:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
    except OSError as error:
        raise CannotServe(f"{path} cannot be written: {error.strerror}") from None


def _note(lent: IO[str], text: str) -> None:
    lent.truncate(0)
    lent.seek(0)
    lent.write(text)
    lent.flush()


def _is_lent(lent: IO[str], directory: Path) -> bool:
    lent.seek(0)
    noted = lent.read()
    server = daemon.running(directory) if noted else None
    return server is not None and noted == str(server.pid)


def _nobody_else(directory: Path) -> bool:
    with _opened(directory / BORROWERS) as file, suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
