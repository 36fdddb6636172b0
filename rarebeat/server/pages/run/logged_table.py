"""A table that a run logged (`wandb.Table`): read, shown from its start, turned page by page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rarebeat.figures import Html, table
from rarebeat.server.pages.markup import text, turned
from rarebeat.server.pages.run.history import number
from rarebeat.server.pages.run.media import artifact_file, logged_file
from rarebeat.server.pages.run.opened import Opened

# Larger ones are for those who download them: reading takes a second for each 50 MB.
MOST_BYTES, MOST_INLINE = 16 * 1000**2, 1000**2
FIRST, PAGE = 10, 50  # rows
MOST_COLUMNS = 60


@dataclass(frozen=True)
class Logged:
    """Columns and rows of a table; its pictures are files of `artifact`."""

    columns: list[str]
    rows: list[list[Any]]
    artifact: int | None

    def column(self, name: str | None) -> list[Any]:
        """The values of a column, in their order; none where there is no such column."""
        if name not in self.columns:
            return []
        place = self.columns.index(name)
        return [row[place] if place < len(row) else None for row in self.rows]


def read_table(run: Opened, value: dict[str, Any], most: int = MOST_BYTES) -> Logged | None:
    """The table that was logged as this value; None when it is not here, no table, or above `most` bytes."""
    file = logged_file(run, value)
    if file is None or file.size > most:
        return None
    try:
        stored = json.loads(run.asked.server.blobs.path(file.blob).read_bytes())
        columns, rows = [str(name) for name in stored["columns"]], stored["data"]
        sound = isinstance(rows, list) and all(isinstance(row, list) for row in rows)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Logged(columns, rows, file.artifact) if sound else None


def shown_table(run: Opened, name: str, logged: Logged, page: int | None = None) -> str:
    """The first rows, and the way to all; or a page of them."""
    size, start = (FIRST, 0) if page is None else (PAGE, page * PAGE)
    heads = logged.columns[:MOST_COLUMNS]
    here = [
        [row[n] if n < len(row) else None for n in range(len(heads))] for row in logged.rows[start:][:size]
    ]
    rows = [[_cell(run, logged, value) for value in row] for row in here]
    texts = [place for place in range(len(heads)) if not all(_is_number(row[place]) for row in here)]
    drawn = table(name, heads, rows, max(texts, default=0) + 1)
    return drawn + _turned(run, name, len(logged.rows), start, start + len(rows), page)


def _is_number(value: Any) -> bool:
    return value is None or number(value) is not None


def _turned(run: Opened, name: str, total: int, start: int, end: int, page: int | None) -> str:
    links = []
    if page is None and total > end:
        links.append(("all rows", run.at("results", table=name, page=None)))
    if page:
        links.append(("earlier", run.at("results", table=name, page=str(page - 1))))
    if page is not None and end < total:
        links.append(("later", run.at("results", table=name, page=str(page + 1))))
    if page is None and not links:
        return ""
    said = f"Rows {start + 1:,}–{end:,} of {total:,}" if end > start else f"No rows here, of {total:,}"
    return turned(f"Rows of {name}", said, links)


def _cell(run: Opened, logged: Logged, value: Any) -> object:
    if isinstance(value, dict):
        file = artifact_file(run.db, logged.artifact, value.get("path")) if logged.artifact else None
        if file and value.get("_type") == "image-file":
            url = run.asked.file(file.blob, file.name)
            return Html(f'<img class="small" src="{url}" alt="" loading="lazy">')
        return text(str(value.get("_type") or json.dumps(value)))
    return text(json.dumps(value) if isinstance(value, list | bool) else value)
