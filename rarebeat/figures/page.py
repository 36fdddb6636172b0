"""A page in one file: headings, tables and pictures, without a script and without anything to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rarebeat.figures.style import COLOURS, DOCUMENT, PICTURES

_STYLE = COLOURS + DOCUMENT + PICTURES

# Nothing may be fetched, even if a name in the data tried to.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Html(str):
    """Text that is markup already; everything else is escaped."""


def page(title: str, body: Iterable[str], language: str = "en") -> str:
    """The whole document; `body` is markup."""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *body: str) -> str:
    """A heading and markup below it."""
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(body) + "\n</section>"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], texts: int = 1) -> str:
    """A table whose first `texts` columns are text and the others numbers, set to the right.

    Without any head (all empty) the rows speak for themselves.
    """
    kinds = ["" if place < texts else ' class="n"' for place in range(len(heads))]
    head = "".join(
        f'<th scope="col"{kind}>{cell(name)}</th>' for kind, name in zip(kinds, heads, strict=True)
    )
    lines = []
    for row in rows:
        first, *rest = zip(kinds, row, strict=True)
        cells = "".join(f"<td{kind}>{cell(value)}</td>" for kind, value in rest)
        lines.append(f'<tr><th scope="row"{first[0]}>{cell(first[1])}</th>{cells}</tr>')
    heading = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    # What scrolls has to be reached by the keyboard.
    around = f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
    return (
        f"{around}<table><caption>{escape(caption)}</caption>{heading}"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def cell(value: object) -> str:
    """A value as markup: counts with commas, everything else as it is, escaped."""
    if isinstance(value, Html):
        return value
    return f"{value:,}" if isinstance(value, int) else escape(str(value))
