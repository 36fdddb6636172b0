"""Bytes by content: a blob's place is its SHA-256, so no name from a client ever becomes a path."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rarebeat.server.errors import RequestError, TooLarge

MAX_BLOB_BYTES = 4 * 1024**3


class WrongContent(RequestError):
    """The bytes are not those that were announced; sending them again would not help."""

    status = 422


class Damaged(RequestError):
    """The bytes that were kept are gone, or are others by now."""


@dataclass(frozen=True)
class Blob:
    """A stored blob: SHA-256 in hex, MD5 in base64 (the client's way of naming contents), size in bytes."""

    digest: str
    md5: str
    size: int


def place(directory: Path, digest: str) -> Path:
    """Where the blob with this SHA-256 lies; the digest comes from the database, never from a request."""
    return directory / "blobs" / digest[:2] / digest[2:]


def fault(path: Path, digest: str, size: int, thoroughly: bool = True) -> str | None:
    """What is wrong with a stored blob, in words; None when nothing is.

    Args:
        thoroughly: Whether all bytes are read, or the size alone is looked at.
    """
    try:
        found = path.stat().st_size
        if found != size:
            return f"has {found} bytes instead of {size}"
        if thoroughly:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    return "has other bytes than were kept"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


class Incoming:
    """A blob on its way in. Nothing is visible under its name before `keep`."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._limit = limit
        self._sha256, self._md5, self._size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        handle, name = tempfile.mkstemp(dir=folder)
        self._file, self.path = os.fdopen(handle, "wb"), Path(name)

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise TooLarge(f"a file may have {self._limit} bytes at most")
        self._sha256.update(data)
        self._md5.update(data)
        self._file.write(data)

    def finish(self) -> Blob:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        md5 = base64.b64encode(self._md5.digest()).decode()
        return Blob(self._sha256.hexdigest(), md5, self._size)

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


class Blobs:
    """The folder of blobs. What a killed server had half received is swept away at the next start."""

    def __init__(self, folder: Path, limit: int = MAX_BLOB_BYTES) -> None:
        self._directory, self._incoming, self._limit = folder, folder / "incoming", limit
        self.folder = folder / "blobs"
        self.folder.mkdir(exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        for leftover in self._incoming.iterdir():
            leftover.unlink()

    def path(self, digest: str) -> Path:
        return place(self._directory, digest)

    def is_whole(self, digest: str, size: int) -> bool:
        """Whether the blob is there in its full length."""
        return fault(self.path(digest), digest, size, thoroughly=False) is None

    def sound(self, digest: str, size: int, name: str, thoroughly: bool = False) -> Path:
        """The blob's path, once it has been looked at.

        Raises:
            Damaged: when the bytes are not those that were kept; `name` is what the sentence calls them.
        """
        path = self.path(digest)
        if (wrong := fault(path, digest, size, thoroughly)) is not None:
            raise Damaged(f"{name} {wrong} on the server; `rarebeat status --verify` lists what is damaged")
        return path

    @contextmanager
    def receive(self) -> Iterator[Incoming]:
        """A blob to write into; it is gone after the block unless it was kept."""
        incoming = Incoming(self._incoming, self._limit)
        try:
            yield incoming
        finally:
            incoming.discard()

    def keep(self, incoming: Incoming, expected_md5: str | None = None) -> Blob:
        """Syncs and renames the blob to its place.

        Raises:
            WrongContent: when its MD5 is not the announced one.
        """
        blob = incoming.finish()
        if expected_md5 is not None and blob.md5 != expected_md5:
            raise WrongContent(f"the content has MD5 {blob.md5}, announced was {expected_md5}")
        place = self.path(blob.digest)
        place.parent.mkdir(exist_ok=True)
        os.replace(incoming.path, place)
        _sync_folder(place.parent)
        return blob


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
