"""Fields that clients ask for and this server does not know: null, logged once, counted."""

from __future__ import annotations

import logging
import threading

from rarebeat.server.store import Store

log = logging.getLogger(__name__)
MAX_NAMES = 500


class Unknown:
    """Counts by name; kept in the database, so that `rarebeat status` shows them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def count(self, name: str) -> None:
        with self._lock:
            if len(self._seen) >= MAX_NAMES and name not in self._seen:
                return
            first = name not in self._seen
            self._seen.add(name)
        if first:
            log.warning("a client asked for %s, which this server does not know", name[:200])
        with self._store.write() as db:
            db.execute(
                "INSERT INTO unknown_fields (name, seen) VALUES (?, 1) "
                "ON CONFLICT (name) DO UPDATE SET seen = seen + 1",
                (name[:200],),
            )
