"""What a run printed, page by page; the newest page is kept current."""

from __future__ import annotations

import re
from html import escape

from rarebeat.server.console import parse_console_line
from rarebeat.server.pages.markup import live, note, turned
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.store import Row

PAGE, TALL = 500, 40  # lines
LONGEST = 4000  # characters of a line
# Colours, movements of the cursor, titles of windows.
_CONTROL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]"
)


def plain(line: str) -> str:
    """The line as it stood in the terminal at the end: what a progress bar wrote over is gone, and so are
    colours.

    >>> plain("10%\\r\\x1b[32m20%\\x1b[0m")
    '20%'
    """
    return _CONTROL.sub("", line.rstrip("\r\n").rpartition("\r")[2])


def console(run: Opened) -> tuple[str, ...]:
    total = run.row["log_lines"]
    newest = max(0, total - PAGE)
    first = min(newest if (asked := run.whole("from")) is None else asked, newest)
    rows = run.db.execute(
        """SELECT number, body FROM lines WHERE run_id = ? AND stream = 'output' AND number >= ?
           ORDER BY number LIMIT ?""",
        (run.row["id"], first, PAGE),
    ).fetchall()
    if not rows:
        return (live("console", note("Nothing has been printed yet."), tag="div"),)
    # Whoever looks at the newest lines sees those that come, until they scroll up.
    tail = " tail" if asked is None and total > TALL else ""
    around = _around(run, first, first + len(rows), total)
    listed = "".join(map(_line, rows))
    return (
        live(
            "console",
            around,
            f'<div class="wide{tail}" tabindex="0" role="region" aria-label="Console">'
            f'<ol class="console" start="{first + 1}">{listed}</ol></div>',
            around if len(rows) > TALL and not tail else "",
            tag="div",
        ),
    )


def _line(row: Row) -> str:
    time, level, words = parse_console_line(row["body"])
    kind = ' class="error"' if level else ""
    mark = '<span class="mark">stderr</span>' if level else ""
    number, words = row["number"] + 1, escape(plain(words)[:LONGEST])
    at = f'<span class="at">{escape(time[11:19])}</span>'
    return f'<li{kind} id="L{number}" value="{number}">{at}{mark}<code>{words}</code></li>'


def _around(run: Opened, first: int, end: int, total: int) -> str:
    """Where in the console this is, and the way to what is before and after."""
    links = []
    if first > 0:
        links += [("first", "0"), ("earlier", str(max(0, first - PAGE)))]
    if end < total:
        links += [("later", str(end)), ("newest", None)]
    ways = [(words, run.at("logs", **{"from": start})) for words, start in links]
    return turned("Lines of the console", f"Lines {first + 1:,}–{end:,} of {total:,}", ways)
