"""The files that a run saved, to look through and to download."""

from __future__ import annotations

from html import escape

from rarebeat.figures import Html, table
from rarebeat.server.pages.amounts import size
from rarebeat.server.pages.markup import address, live, moment, note, turned
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.store import Row

PAGE, LAST = 200, 10**6
HERE = """FROM files JOIN blobs ON digest = blob WHERE run_id = ? AND name LIKE ? ESCAPE '!'"""


def files(run: Opened) -> tuple[str, ...]:
    words = run.query.get("match", "")[:200]
    start = PAGE * min(run.whole("page") or 0, LAST)
    held = (run.row["id"], f"%{words.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%")
    count, total = run.db.execute(f"SELECT count(*), coalesce(sum(size), 0) {HERE}", held).fetchone()
    rows = run.db.execute(
        f"SELECT name, blob, size, updated_at {HERE} ORDER BY name LIMIT ? OFFSET ?", (*held, PAGE, start)
    ).fetchall()
    if not count and not words:
        return (live("files", note("No files have been saved: `run.save(…)` brings them here."), tag="div"),)
    listed = [[_link(run, row), size(row["size"]), moment(row["updated_at"])] for row in rows]
    body = table(f"{count:,} files, {size(total)}", ["file", "size", "saved"], listed)
    return (_filter(run, words), live("files", body, _turned(run, start, len(rows), count), tag="div"))


def _link(run: Opened, row: Row) -> Html:
    url, words = escape(run.asked.file(row["blob"], row["name"])), escape(row["name"])
    return Html(f'<a href="{url}" download>{words}</a>')


def _filter(run: Opened, words: str) -> str:
    return (
        f'<form class="controls" action="{escape(address(*run.path, "files"))}">'
        f'<label>Name <input type="search" name="match" value="{escape(words)}" placeholder="all"></label>'
        "<button>Show</button></form>"
    )


def _turned(run: Opened, start: int, shown: int, count: int) -> str:
    page, links = start // PAGE, []
    links += [("earlier", str(page - 1))] if page else []
    links += [("later", str(page + 1))] if start + shown < count else []
    ways = [(words, run.at("files", page=place)) for words, place in links]
    return turned("Files", "", ways) if ways else ""
