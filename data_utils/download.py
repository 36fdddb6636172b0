"""Fetch a database from PhysioNet (Goldberger et al. 2000, Circulation 101:e215); go on where it stopped."""

from __future__ import annotations

import hashlib
import os
import queue
import re
import shutil
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

from data_utils.errors import BadInput

PHYSIONET = "https://physionet.org/files"

_SUMS = "SHA256SUMS.txt"
# Seconds for the first answer: without a network, looking a name up can hang for half a minute.
_FIRST_ANSWER = 6.0
_STALLED = 30.0
_TRIES = 3
_TOGETHER = 4


def fetch(
    folder: Path,
    database: str,
    wanted: Callable[[str], bool],
    base: str = PHYSIONET,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Bring a database's files into `folder`. Files that are there and have the published SHA-256 are kept.

    Args:
        database: name and version, as in PhysioNet's addresses.
        wanted: whether a file is, by its path below the database's address; nothing else is fetched.
        base: where the databases lie: PhysioNet, or a mirror that is laid out like it.
    Raises:
        BadInput: no network, no such database, or a file that does not arrive whole.
    """
    address = f"{base}/{database}"
    sums = {name: sha for name, sha in _sums(folder, address).items() if wanted(name)}
    if not sums:
        raise BadInput(f"{address} publishes none of the files asked for: fetch them by hand and use --from.")
    missing = [name for name, sha in sums.items() if _sha256(folder / name) != sha]
    with ThreadPoolExecutor(_TOGETHER) as pool:
        fetched = pool.map(lambda name: _fetch_file(f"{address}/{name}", folder / name, sums[name]), missing)
        for done, _ in enumerate(fetched, start=1):
            progress(done, len(missing))


def _sums(folder: Path, address: str) -> dict[str, str]:
    """File name -> hex SHA-256; kept in the folder, so that a whole folder needs no network."""
    known = folder / _SUMS
    if not known.is_file():
        text = _first_answer(f"{address}/{_SUMS}")
        # A network that wants a login answers everything with its own page.
        if not any(re.match(rb"[0-9a-f]{64}\s", line) for line in text.splitlines()):
            raise BadInput(f"{address}/{_SUMS} is no list of SHA-256 sums: see what it shows in a browser.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _replace(known, text)
        except OSError as error:
            raise BadInput(
                f"{folder} cannot be written to ({error.strerror}): name another folder."
            ) from error
    pairs = (line.split(maxsplit=1) for line in known.read_text().splitlines())
    sums = {pair[1].removeprefix("./"): pair[0] for pair in pairs if len(pair) == 2}
    outside = [name for name in sums if not (folder / name).resolve().is_relative_to(folder.resolve())]
    if outside:
        raise BadInput(f"{address}/{_SUMS} names {outside[0]}, which lies outside of its own folder.")
    return sums


def _first_answer(url: str) -> bytes:
    """The first file, or a sentence. A thread asks, because a look-up cannot be stopped."""
    answers: queue.Queue[bytes | Exception] = queue.Queue()
    answering = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=_FIRST_ANSWER) as response:
                answering.set()
                answers.put(response.read())
        except (OSError, HTTPException, ValueError) as error:  # ValueError: no address
            answers.put(error)
            answering.set()

    threading.Thread(target=ask, daemon=True).start()
    # Only the beginning is to come within seconds: PTB-XL's list is of megabytes.
    if answering.wait(_FIRST_ANSWER):
        answer = answers.get()
    else:
        answer = TimeoutError(f"no answer within {_FIRST_ANSWER:g} s")
    if isinstance(answer, Exception):
        raise BadInput(
            f"{url} cannot be fetched ({_reason(answer)}): connect to the network, or give the "
            f"folder of records with --from."
        ) from answer
    return answer


def _fetch_file(url: str, target: Path, sha: str) -> None:
    """Write to a .part beside it and rename when it is whole, so that a name always means a whole file."""
    part = target.with_name(f"{target.name}.part")
    reason = ""
    for _ in range(_TRIES):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with urllib.request.urlopen(url, timeout=_STALLED) as response, part.open("wb") as file:
                shutil.copyfileobj(response, file)
        except (OSError, HTTPException) as error:
            reason = _reason(error)
            continue
        if _sha256(part) == sha:
            os.replace(part, target)
            return
        reason = "not the published SHA-256"
    part.unlink(missing_ok=True)
    raise BadInput(
        f"{url} did not arrive whole ({reason}): run the same command again, it goes on from here."
    )


def _replace(target: Path, content: bytes) -> None:
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(content)
    os.replace(part, target)


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__
