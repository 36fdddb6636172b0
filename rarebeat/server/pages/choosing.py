"""The form above a table of runs: which of them, with which columns, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from rarebeat.figures import Html
from rarebeat.server.pages.columns import HEADINGS
from rarebeat.server.pages.runs_list import STATES, View


def chooser(view: View, metrics: Iterable[str], parameters: Iterable[str], shown: Sequence[str]) -> Html:
    """The form; it works without a script, as everything that it asks for goes into the address."""
    keys = [*metrics, *(f"config.{name}" for name in parameters)]
    return Html(
        f'<form class="choose" method="get" role="search" aria-label="Which runs">'
        f"{_order(view, keys)}{_which(view)}{_columns(keys, shown, bool(view.shown))}"
        "<button>apply</button></form>"
    )


def _which(view: View) -> str:
    options = "".join(_option(name, name, view.state == name) for name in STATES)
    return (
        f'<label>state <select name="state">{_option("", "any", not view.state)}{options}</select></label>'
        f'<label>name <input name="find" type="search" size="14" value="{escape(view.words)}"></label>'
    )


def _order(view: View, keys: Sequence[str]) -> str:
    known = [*HEADINGS, *keys]
    listed = known if view.sort in known else [view.sort, *known]
    options = "".join(
        _option(key, HEADINGS.get(key, key.removeprefix("config.")), key == view.sort) for key in listed
    )
    towards = "".join(
        _option(value, words, (value == "desc") == view.descending)
        for value, words in (("desc", "descending"), ("asc", "ascending"))
    )
    return (
        f'<label>sort by <select name="sort">{options}</select></label>'
        f'<select name="order" aria-label="order">{towards}</select>'
    )


def _option(value: str, words: str, chosen: bool) -> str:
    return f'<option value="{escape(value)}"{" selected" if chosen else ""}>{escape(words)}</option>'


def _columns(keys: Sequence[str], shown: Sequence[str], is_asked: bool) -> str:
    if not keys:
        return ""
    sets = "".join(
        f"<fieldset><legend>{escape(name)}</legend>{''.join(_box(key, shown) for key in each)}</fieldset>"
        for name, each in groupby(keys, key=_group)
    )
    words = f"columns ({len(shown)})" if is_asked else "columns"
    head = f'<summary class="button">{words}</summary>'
    return f'<details class="menu" id="columns">{head}<div>{sets}</div></details>'


def _group(key: str) -> str:
    if key.startswith("config."):
        return "parameters"
    return key.rpartition("/")[0] or "metrics"


def _box(key: str, shown: Sequence[str]) -> str:
    name = key.removeprefix("config.").rpartition("/")[2]
    checked = " checked" if key in shown else ""
    return f'<label><input type="checkbox" name="show" value="{escape(key)}"{checked}> {escape(name)}</label>'
