"""A matrix of shares as shaded cells with what each holds written into it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rarebeat.figures.svg import element, picture, text

_TOP_LETTER = 5.2


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    shares: np.ndarray,
    words: Sequence[Sequence[str]],
    title: str,
    description: str,
    row_label: str,
    column_label: str,
) -> str:
    """The matrix as SVG.

    Args:
        shares: (R, C) from 0 (no shade) to 1; NaN is left blank.
        words: R times C, written into the cells.
        row_label, column_label: what rows and columns are.
    """
    cell = 58 if len(columns) <= 10 else 36
    left = 40 + 7 * max(map(len, rows), default=0)
    top = 34 + _TOP_LETTER * max(map(len, columns), default=0)
    width, height = left + cell * len(columns) + 12, top + cell * 0.6 * len(rows) + 8
    body = [
        text(left, 14, column_label, class_="label"),
        text(
            14,
            top + 12,
            row_label,
            class_="label",
            transform=f"rotate(-90 14 {top + 12:g})",
            text_anchor="end",
        ),
    ]
    for c, name in enumerate(columns):
        x = left + (c + 0.5) * cell
        body.append(text(x, top - 8, name, transform=f"rotate(-40 {x:g} {top - 8:g})"))
    for r, name in enumerate(rows):
        y = top + r * cell * 0.6
        body.append(text(left - 8, y + cell * 0.3 + 4, name, class_="e"))
        body += [
            _cell(left + c * cell, y, cell, float(shares[r, c]), words[r][c]) for c in range(len(columns))
        ]
    return picture(width, height, title, description, body)


def _cell(x: float, y: float, cell: float, share: float, words: str) -> str:
    shade = 0.0 if np.isnan(share) else min(max(share, 0.0), 1.0)
    box = element("rect", x=x, y=y, width=cell - 1, height=cell * 0.6 - 1, class_="cell")
    if shade > 0:
        box += element(
            "rect", x=x, y=y, width=cell - 1, height=cell * 0.6 - 1, class_="fill c0", opacity=shade * 0.85
        )
    # White on the dark shades, the page's own colour on the others.
    kind = "m small on" if shade > 0.55 else "m small"
    return box + text(x + cell / 2, y + cell * 0.3 + 4, words, class_=kind)
