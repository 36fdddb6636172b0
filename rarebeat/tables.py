"""Tables that keep their numbers whole: what is too wide for the terminal goes on in a second table below."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

# Piped output has no width; this one holds a leaderboard of five classes and as many hyperparameters.
PIPED_WIDTH = 200
# What rich puts around a column's text: a blank left and right, and the rule.
PADDING = 3


@dataclass(frozen=True)
class Column:
    """A heading and its cells, top to bottom; `key` columns are repeated in every part of a table."""

    heading: str
    cells: tuple[str, ...]
    key: bool = False
    left: bool = False

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes."""
        return max(cell_len(text) for text in (self.heading, *self.cells)) + PADDING


def console(stream: TextIO | None = None) -> Console:
    """A console on `stream` (stdout), wide where nobody looks at it in a terminal."""
    stream = stream or sys.stdout
    if stream.isatty() or "COLUMNS" in os.environ:
        return Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, width=PIPED_WIDTH)


def stacked(columns: Sequence[Column], width: int, title: str | None = None) -> list[Table]:
    """One table, or several below one another where `columns` are wider together than `width`."""
    keys = [column for column in columns if column.key]
    parts: list[list[Column]] = [[]]
    for column in (column for column in columns if not column.key):
        taken = 1 + sum(c.width for c in [*keys, *parts[-1], column])
        if parts[-1] and taken > width:
            parts.append([])
        parts[-1].append(column)
    return [_table([*keys, *part], title if i == 0 else None) for i, part in enumerate(parts)]


def _table(columns: Sequence[Column], title: str | None) -> Table:
    # What runs and patients are called is no markup.
    table = Table(title=title and escape(title), title_justify="left")
    for column in columns:
        table.add_column(escape(column.heading), justify="left" if column.left else "right", no_wrap=True)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(escape, row))
    return table


def say(to: Console, line: str, style: str = "") -> None:
    """Print a line as it is: no markup, and not broken, so that a command in it can be copied."""
    to.print(Text(line, style=style), soft_wrap=True)


def number(value: object, digits: int = 3) -> str:
    """A value as a cell: floats to `digits` significant digits, None as a dash."""
    if value is None:
        return "–"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def score(value: float | None) -> str:
    """A score between 0 and 1, to three places."""
    return "–" if value is None else f"{value:.3f}"


def duration(seconds: float | None) -> str:
    """Seconds as 1:02:03 or 2:03."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
