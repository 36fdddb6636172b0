"""What every resolver is handed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rarebeat.server.blobs import Blobs
from rarebeat.server.importance_process import ImportanceProcess
from rarebeat.server.keys import claim_of
from rarebeat.server.posts import Posts
from rarebeat.server.scheduling import Scheduler
from rarebeat.server.search_process import SearchProcess
from rarebeat.server.signing import Signer
from rarebeat.server.store import Store
from rarebeat.server.unknown import Unknown
from rarebeat.server.validator import Validator

ENTITY = "local"


@dataclass
class Server:
    """The parts of one running server."""

    store: Store
    blobs: Blobs
    signer: Signer
    scheduler: Scheduler
    validator: Validator
    unknown: Unknown
    search: SearchProcess
    clock: Callable[[], float] = time.time
    importance: ImportanceProcess = field(default_factory=ImportanceProcess)
    posts: Posts = field(init=False)

    def __post_init__(self) -> None:
        self.posts = Posts(self.store)


@dataclass
class Context:
    """One request: the server, and the address that its client reached it by, for the URLs in the answer."""

    server: Server
    base_url: str
    user: str | None = None  # the name of the key that it came with; None is the owner
    now: float = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.server.clock()

    @property
    def db(self) -> sqlite3.Connection:
        return self.server.store.connection

    def download_url(self, digest: str | None, name: str = "file") -> str | None:
        """Where the blob can be fetched; None when its bytes are not here yet."""
        if digest is None:
            return None
        return self._signed(action="get", blob=digest, name=name)

    def upload_url(self, **target: object) -> str:
        """Where a file's bytes are to be put; `target` says what they become."""
        return self._signed(action="put", **target)

    def _signed(self, **claim: object) -> str:
        by = claim_of(self.db, self.user)
        return f"{self.base_url}/storage/{self.server.signer.sign(**claim, **by)}"
