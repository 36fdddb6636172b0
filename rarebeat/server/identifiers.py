"""Ids that the client hands back and need not understand, and the short names that people type."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import string
import time

from rarebeat.server.errors import NotFound, RequestError

SHORT_NAME = string.ascii_lowercase + string.digits
MAX_NAME = 512


def opaque(kind: str, row: int) -> str:
    """The id of a row as the client sees it."""
    return base64.b64encode(f"{kind}:{row}".encode()).decode()


def row_of(kind: str, identifier: str) -> int:
    """The row behind an opaque id.

    Raises:
        NotFound: when it is not the id of such an object.
    """
    try:
        found = re.fullmatch(rf"{kind}:(\d{{1,18}})", base64.b64decode(identifier, validate=True).decode())
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        raise NotFound(f"{identifier[:80]!r} is not the id of a {kind}")
    return int(found[1])


def short_name() -> str:
    """Eight letters and digits, as W&B names runs and sweeps."""
    return "".join(secrets.choice(SHORT_NAME) for _ in range(8))


def checked_name(name: str, what: str) -> str:
    """A name that can stand in a URL: not empty, not endless, no slashes, no control characters.

    Raises:
        RequestError: when it cannot.
    """
    if (
        not name.strip()
        or len(name) > MAX_NAME
        or re.search(r"[\x00-\x1f\x7f/\\]", name)
        or name in (".", "..")
    ):
        raise RequestError(f"{what} {name[:80]!r} should be 1 to {MAX_NAME} characters without slashes")
    return name


def iso(seconds: float | None) -> str | None:
    """Seconds since 1970 as the client reads times, in UTC."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
