"""A client's regular expressions: matched in time that grows with the text alone, whatever the pattern.

Python's own engine takes exponential time on patterns such as `(a+)+$`, and would hold a thread of the
server for hours; RE2 (Cox 2010, "Regular Expression Matching in the Wild") knows no such pattern. It has no
look-around and no back-references.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from rarebeat.server.errors import RequestError

MAX_PATTERN = 200  # characters
MAX_MEMORY = 2**20  # bytes that one compiled pattern may take


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Any:
    """Raises RequestError when it is no regular expression, or one that takes too much memory."""
    if len(pattern) > MAX_PATTERN:
        raise RequestError(f"a regular expression may have {MAX_PATTERN} characters at most")
    options = re2.Options()
    options.max_mem, options.log_errors = MAX_MEMORY, False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else "broken text"
        raise RequestError(f"{pattern[:80]!r} is not a regular expression: {reason}") from None


def found(pattern: str, value: object) -> bool:
    """Whether the pattern is found in the value's text; the `regexp` function of the database."""
    return value is not None and compiled(pattern).search(str(value)) is not None
