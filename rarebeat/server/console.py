"""Lines of a run's console as the client streams them."""

from __future__ import annotations

import re

_LINE = re.compile(r"(ERROR )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?) ?(.*)", re.DOTALL)


def parse_console_line(body: str) -> tuple[str, str, str]:
    """Time, level ("error" for stderr) and text of a line.

    >>> parse_console_line("ERROR 2026-01-31T12:00:00.5 no such file")
    ('2026-01-31T12:00:00.5', 'error', 'no such file')
    """
    found = _LINE.fullmatch(body)
    if found is None:
        return "", "", body
    return found[2], "error" if found[1] else "", found[3].rstrip("\n")
