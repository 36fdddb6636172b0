"""Posts of running clients, stored by one thread: those that wait together become one transaction.

A thread for each post would be slower than all of them in turn: they can only write one after the other, and
Python lets only one of them think at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from dataclasses import dataclass
from typing import Any

import anyio.to_thread

from rarebeat.server.file_stream import keep, read_post, receive
from rarebeat.server.store import Store

MOST_AT_ONCE = 50
LARGE = 256 * 1024  # bytes; what takes longer to read than others should wait goes its own way

Names = tuple[str, str, str]


@dataclass(frozen=True)
class _Waiting:
    names: Names
    body: bytes
    now: float
    writer: str | None
    answer: asyncio.Future[dict[str, Any]]


class Posts:
    """Stores posts in the order in which they come.

    Args:
        store: The database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def receive(
        self, names: Names, body: bytes, now: float, writer: str | None = None
    ) -> dict[str, Any]:
        """As `file_stream.receive`, for the run with those names (entity, project, run)."""
        if len(body) > LARGE:
            return await anyio.to_thread.run_sync(receive, self._store, *names, body, now, writer)
        if self._thread is None:
            # It ends with the process: a post that is not stored by then has not been answered either.
            self._thread = threading.Thread(target=self._work, name="posts", daemon=True)
            self._thread.start()
        post = _Waiting(names, body, now, writer, asyncio.get_running_loop().create_future())
        self._waiting.put(post)
        return await post.answer

    def _work(self) -> None:
        while True:
            posts = [self._waiting.get()]
            while len(posts) < MOST_AT_ONCE and not self._waiting.empty():
                posts.append(self._waiting.get())
            outcomes = self._kept(posts)
            with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
                posts[0].answer.get_loop().call_soon_threadsafe(_tell, posts, outcomes)

    def _kept(self, posts: list[_Waiting]) -> list[dict[str, Any] | Exception]:
        """What came of each post. A broken one spoils no other; where the storage fails, it fails for all."""
        try:
            with self._store.write() as db:
                return [_keep(db, post) for post in posts]
        except Exception as error:
            return [error] * len(posts)


def _keep(db: sqlite3.Connection, waiting: _Waiting) -> dict[str, Any] | Exception:
    try:
        post = read_post(waiting.body)
    except Exception as error:
        return error
    db.execute("SAVEPOINT post")
    try:
        return keep(db, waiting.names, post, waiting.now, waiting.writer)
    except sqlite3.OperationalError:
        raise
    except Exception as error:
        db.execute("ROLLBACK TO post")
        return error
    finally:
        if db.in_transaction:
            db.execute("RELEASE post")


def _tell(posts: list[_Waiting], outcomes: list[dict[str, Any] | Exception]) -> None:
    for post, outcome in zip(posts, outcomes, strict=True):
        if post.answer.done():  # its client has gone
            continue
        if isinstance(outcome, Exception):
            post.answer.set_exception(outcome)
        else:
            post.answer.set_result(outcome)
