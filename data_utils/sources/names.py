"""Names as a dataset file wants them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from data_utils.errors import BadInput
from data_utils.summary import LeftOut


def slug(text: str) -> str:
    """`text` with nothing but letters, digits, `_` and `-`.

    >>> slug("LAFB/LPFB")
    'LAFB_LPFB'
    """
    return re.sub("[^A-Za-z0-9_-]+", "_", text.strip()) or "_"


def slugs(texts: Sequence[str]) -> tuple[str, ...]:
    """One slug for each.

    Raises:
        BadInput: two of them would get the same.
    """
    made = tuple(slug(text) for text in texts)
    twice = sorted(text for text, short in zip(texts, made, strict=True) if made.count(short) > 1)
    if twice:
        raise BadInput(f"Classes {', '.join(twice)} cannot be told apart by letters and digits: rename them.")
    return made


def absent(names: Sequence[str], where: str, classes: dict[str, int] | None = None) -> list[LeftOut]:
    """One line for all recordings of a table that are not in the folder."""
    if not names:
        return []
    first = " ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return [LeftOut(first, f"in {where}, not in the folder", len(names), classes)]
