"""Keys by name, for a server that several people use. The directory's own key is its owner's.

A key is 160 random bits, so a single SHA-256 keeps it as safe as a slow hash would keep a password.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from typing import Any

from rarebeat.server.directory import KEY_CHARACTERS, CannotServe

OWNER = "local"  # what the owner of the directory is called, who has its own key
NAME = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"


def add_key(db: sqlite3.Connection, name: str, now: float) -> str:
    """A new key of that name. It is kept as a hash: nobody can be told it again.

    Raises:
        CannotServe: when the name is taken, or cannot be one.
    """
    if not re.fullmatch(NAME, name) or name == OWNER:
        raise CannotServe(f"{name!r} cannot name a key: take 1 to 64 letters and digits, not {OWNER!r}")
    key = secrets.token_hex(KEY_CHARACTERS // 2)
    try:
        db.execute(
            "INSERT INTO keys (name, hash, created_at) VALUES (?, ?, ?)", (name, _hash(key.encode()), now)
        )
    except sqlite3.IntegrityError:
        raise CannotServe(f"there is a key of {name} already; revoke it first to make another") from None
    return key


def revoke_key(db: sqlite3.Connection, name: str) -> None:
    """From now on the key opens nothing; what was done with it stays.

    Raises:
        CannotServe: when there is none of that name.
    """
    if db.execute("DELETE FROM keys WHERE name = ?", (name,)).rowcount == 0:
        names = ", ".join(name for name, _ in keys_of(db)) or "none"
        raise CannotServe(f"there is no key of {name}; there are: {names}")


def keys_of(db: sqlite3.Connection) -> list[tuple[str, float]]:
    """Name of each key, and when it was made."""
    return [tuple(row) for row in db.execute("SELECT name, created_at FROM keys ORDER BY name")]


def name_of(db: sqlite3.Connection, key: bytes) -> str | None:
    """Whose key this is; None when it is nobody's (any more)."""
    given = _hash(key)
    rows = db.execute("SELECT name, hash FROM keys").fetchall()
    return next((row["name"] for row in rows if hmac.compare_digest(row["hash"], given)), None)


def claim_of(db: sqlite3.Connection, name: str | None) -> dict[str, Any]:
    """What a signed URL says of the key that it was asked for with; nothing of the owner's.

    The name alone would not do: a key that is added after one of that name was revoked is another one.
    """
    if name is None:
        return {}
    row = db.execute("SELECT created_at FROM keys WHERE name = ?", (name,)).fetchone()
    return {"by": name, "since": row and row["created_at"]}


def is_valid(db: sqlite3.Connection, name: str, since: float | None) -> bool:
    """Whether the key of that name which was made then is there still."""
    query = "SELECT 1 FROM keys WHERE name = ? AND created_at = ?"
    return db.execute(query, (name, since)).fetchone() is not None


def _hash(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()
