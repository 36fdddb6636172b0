"""Rows of a long history that hold what most rows do not, such as one validation in a thousand steps.

A picture of a long run is drawn from a few of its rows, taken at even distances: it would miss those.
So in a history of more than `WHOLE` rows each row that holds a name which the row before it lacks is noted
down when it comes, and the picture takes some of each kind.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Sequence
from typing import Any

from rarebeat.server.store import Row

# Histories up to here are read whole; nothing is noted of them.
WHOLE = 1000
MAX_KINDS = 20


def note_rare(db: sqlite3.Connection, run: int, offset: int, rows: Sequence[dict[str, Any]]) -> None:
    """Notes which of the rows, the first of which is line `offset` of the run's history, are rare; when the
    history becomes long, those that came before as well."""
    if offset + len(rows) <= WHOLE:
        return
    earlier = _rows_before(db, run, offset, 1 if offset > WHOLE else WHOLE)
    before = earlier[0].keys() if earlier else {}
    found = []
    for number, row in enumerate([*earlier, *rows], offset - len(earlier)):
        if new := row.keys() - before:
            found.append((run, zlib.crc32("\0".join(sorted(new)).encode()), number))
        before = row.keys()
    db.executemany("INSERT OR IGNORE INTO rare_lines (run_id, kind, number) VALUES (?, ?, ?)", found)


def _rows_before(db: sqlite3.Connection, run: int, number: int, most: int) -> list[dict[str, Any]]:
    rows = db.execute(
        """SELECT body FROM lines WHERE run_id = ? AND stream = 'history' AND number >= ? AND number < ?
           ORDER BY number""",
        (run, max(0, number - most), number),
    )
    return [json.loads(row["body"]) for row in rows]


def chosen_lines(db: sqlite3.Connection, run: Row, most: int) -> list[int]:
    """Numbers of about `most` lines of the run's history at even distances, and of up to as many of each rare
    kind; all numbers where the history is short."""
    count = run["history_lines"]
    if count <= WHOLE:
        return list(range(count))
    numbers = set(spread(count, most))
    kinds = db.execute(
        "SELECT kind, count(*) AS lines FROM rare_lines WHERE run_id = ? GROUP BY 1 ORDER BY 2 LIMIT ?",
        (run["id"], MAX_KINDS),
    ).fetchall()
    for kind in kinds:
        rows = db.execute(
            """SELECT number FROM (
                   SELECT number, row_number() OVER (ORDER BY number) AS place
                   FROM rare_lines WHERE run_id = ? AND kind = ?)
               WHERE place % ? = 1 % ?""",
            (run["id"], kind["kind"], *[-(-kind["lines"] // most)] * 2),
        )
        numbers.update(row["number"] for row in rows)
    return sorted(numbers)


def spread(count: int, most: int) -> list[int]:
    """Up to `most` of the numbers below `count` at even distances, first and last included."""
    if count <= most:
        return list(range(count))
    return [round(place * (count - 1) / (most - 1)) for place in range(most)]
