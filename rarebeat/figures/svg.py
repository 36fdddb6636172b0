"""Elements of an SVG picture as text, escaped, and the frame that tells a screen reader what it shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from html import escape

import numpy as np

COLOURS = 8  # classes c0 to c7 of the style sheet; further series begin again


def element(name: str, body: str = "", **attributes: object) -> str:
    """`<name attributes>body</name>`; the body is markup. `class_` and `text_anchor` stand for themselves."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>"


def text(x: float, y: float, words: object, **attributes: object) -> str:
    """A line of text, escaped, whose baseline begins at (x, y)."""
    return element("text", escape(str(words)), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def path(x: np.ndarray, y: np.ndarray) -> str:
    """Path data through points (n,), (n,); a gap (NaN) lifts the pen; a point between gaps is a dot."""
    known = np.isfinite(x) & np.isfinite(y)
    after, before = np.append(known[1:], False), np.insert(known[:-1], 0, False)
    commands = []
    for px, py, down, alone in zip(
        np.round(x[known], 2).tolist(),
        np.round(y[known], 2).tolist(),
        before[known].tolist(),
        (~before & ~after)[known].tolist(),
        strict=True,
    ):
        commands.append(f"{'L' if down else 'M'}{px:g} {py:g}{'h0' if alone else ''}")
    return "".join(commands)


def picture(
    width: float, height: float, title: str, description: str, body: Iterable[str], unit: str = "px"
) -> str:
    """A whole picture `width` by `height` units large, which shrinks with a narrow page.

    Args:
        title: what it is.
        description: what it shows, for those who cannot see it.
        unit: of CSS: "px", or "mm" where the scale is that of paper.
    """
    name = hashlib.sha256(f"{title}\0{description}".encode()).hexdigest()[:10]
    return element(
        "svg",
        element("title", escape(title), id=f"t{name}")
        + element("desc", escape(description), id=f"d{name}")
        + "".join(body),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        role="img",
        aria_labelledby=f"t{name} d{name}",
        style=f"width:{_short(width)}{unit}",
    )


def _short(value: object) -> str:
    return f"{round(float(value), 2):g}" if isinstance(value, float | np.floating) else str(value)
