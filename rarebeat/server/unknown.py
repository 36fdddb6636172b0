"""Fields that clients ask for and this server does not know: null, logged once, counted."""

from __future__ import annotations

import logging
import threading
from collections import Counter

from rarebeat.server.store import Store

log = logging.getLogger(__name__)
MAX_NAMES = 500
MAX_LENGTH = 200


class Unknown:
    """Counts by name; saved in the database now and then, so that `rarebeat status` shows them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._unsaved: Counter[str] = Counter()

    def count(self, name: str) -> None:
        """Notes one more; a name that is new is saved at once."""
        name = name[:MAX_LENGTH]
        with self._lock:
            first = name not in self._seen
            if first and len(self._seen) >= MAX_NAMES:
                return
            self._seen.add(name)
            self._unsaved[name] += 1
        if first:
            log.warning("a client asked for %s, which this server does not know", name)
            self.save()

    def save(self) -> None:
        with self._lock:
            counted, self._unsaved = self._unsaved, Counter()
        if counted:
            with self._store.write() as db:
                db.executemany(
                    "INSERT INTO unknown_fields (name, seen) VALUES (?1, ?2) "
                    "ON CONFLICT (name) DO UPDATE SET seen = seen + ?2",
                    list(counted.items()),
                )
