"""Tables as CSV: read whole, with the columns that are needed, or a sentence that says what is wrong."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from data_utils.errors import BadInput


def read_table(path: Path, needed: Sequence[str] = ()) -> list[dict[str, str]]:
    """Rows as column -> text, stripped; a byte order mark and empty lines are passed over.

    Raises:
        BadInput: no such file, not text in UTF-8, another separator, a column that is missing or there
            twice, or a row of another length.
    """
    if not path.is_file():
        raise BadInput(
            f"There is no table {path}: it says what each recording shows, and nothing works without."
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} is not a table as CSV in UTF-8 ({error}): save it as such.") from error
    if not lines:
        raise BadInput(f"{path} is empty: it needs a line of column names and a line for each recording.")
    head, numbered = [name.strip() for name in lines[0]], enumerate(lines[1:], start=2)
    if len(head) == 1 and any(other in head[0] for other in ";\t|"):
        raise BadInput(f"{path} has no commas between its columns: save it with commas.")
    _refuse_missing(path, head, needed)
    rows = []
    for number, cells in numbered:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(head):
            raise BadInput(
                f"{path}, row {number} has {len(cells)} columns, not {len(head)} like its first line."
            )
        rows.append(dict(zip(head, (cell.strip() for cell in cells), strict=True)))
    return rows


def _refuse_missing(path: Path, head: Sequence[str], needed: Sequence[str]) -> None:
    for name in needed:
        if name not in head:
            near = get_close_matches(name, head, n=1, cutoff=0.6)
            instead = f"did you mean {near[0]}?" if near else f"it has {', '.join(head[:20])}."
            raise BadInput(f"{path} has no column {name!r}: {instead}")
        if head.count(name) > 1:
            raise BadInput(f"{path} has two columns {name!r}: rename one.")


def number(text: str) -> float:
    """A number, NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def female(text: str) -> float:
    """1 for female, 0 for male, NaN for anything else.

    >>> female("Female"), female("m"), female("unknown")
    (1.0, 0.0, nan)
    """
    return {"f": 1.0, "female": 1.0, "w": 1.0, "woman": 1.0, "m": 0.0, "male": 0.0, "man": 0.0}.get(
        text.strip(" '\"").casefold(), float("nan")
    )
