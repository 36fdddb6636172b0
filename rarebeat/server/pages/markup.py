"""Pieces of markup that every page is made of; all values are escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from rarebeat.figures import Html
from rarebeat.server.identifiers import iso

LONGEST = 300  # characters of one value


def link(words: object, *parts: str, title: str = "") -> Html:
    """A link to the path of these parts, which may hold anything but slashes."""
    hint = f' title="{escape(title)}"' if title else ""
    return Html(f'<a href="{escape(address(*parts))}"{hint}>{text(words)}</a>')


def address(*parts: str) -> str:
    """The path of these parts."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def text(value: object) -> Html:
    """A value as a reader wants it: five digits, no null, not endless."""
    if isinstance(value, Html):
        return value
    if isinstance(value, float):
        return Html(f"{value:.5g}")
    words = "" if value is None else str(value)
    return Html(escape(words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"))


def moment(seconds: float | None) -> Html:
    """A time; the script says how long ago that is, so that the markup changes only with the time."""
    if seconds is None:
        return Html("")
    words = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Html(f'<time datetime="{iso(seconds)}">{words}</time>')


def state(name: str, words: str = "") -> Html:
    """A state as a mark whose words say the same as its colour."""
    kind = escape(name.lower())
    return Html(f'<span class="state {kind}">{escape(words) or kind}</span>')


def live(name: str, *body: str, tag: str = "section", heading: str = "") -> Html:
    """A region that the script changes when the server would write it otherwise; `name` is its id."""
    head = f"<h2>{escape(heading)}</h2>" if heading else ""
    return Html(f'<{tag} id="{escape(name)}" data-live>{head}{"".join(body)}</{tag}>')


def folded(name: str, words: str, *body: str, is_open: bool = False) -> Html:
    """A part that opens on demand, and stays as its reader left it."""
    opened = " open" if is_open else ""
    return Html(
        f'<details id="{escape(name)}"{opened}><summary>{escape(words)}</summary>{"".join(body)}</details>'
    )


def turned(label: str, said: str, links: Iterable[tuple[str, str]]) -> Html:
    """Which part of something long this is, and (words, address) of the ways to the others."""
    ways = "".join(f'<a href="{escape(where)}">{escape(words)}</a>' for words, where in links)
    shown = f"<span>{escape(said)}</span>" if said else ""
    return Html(f'<nav class="turn" aria-label="{escape(label)}">{shown}{ways}</nav>')


def command(words: str) -> Html:
    """A command with a button that copies it."""
    shown = escape(words)
    return Html(
        f'<div class="command"><code>{shown}</code>'
        f'<button type="button" data-copy="{shown}" aria-label="Copy: {shown}">copy</button></div>'
    )


def facts(pairs: Iterable[tuple[str, object]]) -> Html:
    """Names and values side by side; those without a value are left out."""
    listed = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{text(value)}</dd></div>"
        for name, value in pairs
        if value not in (None, "")
    )
    return Html(f'<dl class="facts">{listed}</dl>')


def note(words: str) -> Html:
    """A quiet sentence."""
    return Html(f'<p class="dim">{escape(words)}</p>')
