"""The pictures of a sweep: the best so far, what its hyperparameters did, and which of them matter."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import numpy as np

from rarebeat.figures import Dot, Html, best_so_far, dots, parallel
from rarebeat.server.importance_process import Answer
from rarebeat.server.pages.columns import searched
from rarebeat.server.pages.markup import note
from rarebeat.server.pages.runs_list import setting, settings_of
from rarebeat.server.pages.shell import Asked
from rarebeat.server.pages.standing import Entry, Standing
from rarebeat.server.store import Row
from rarebeat.server.sweep_runs import inactive

LINES = 240  # more runs than this hide each other
ASKED = 400  # runs that the importance is worked out from
AXES = 8
FEWEST = 10
WIDTH = 1240  # px, of a page on a wide screen
LONGEST = 40  # characters of a value


def progress(found: Standing) -> Html:
    """Every run's value and the best until then."""
    if found.best is None:
        return note("No run that is over has the sweep's metric.")
    value = np.array([entry.value if entry.row in found.places else np.nan for entry in found.entries])
    less = found.goal == "minimize"
    return Html(best_so_far(value, "Best so far", found.metric, less, (600, 280)))


def coordinates(asked: Asked, found: Standing, config: Mapping[str, Any], answer: Answer | None) -> Html:
    """A line for each run through its settings, coloured by what it came to."""
    chosen = _chosen(found, LINES)
    axes = settings(asked.server.store.connection, chosen, config)
    if len(chosen) < 2 or not axes:
        return note("It takes two runs that are over and differ.")
    if answer and answer.found:
        order = [name for name in answer.found["names"] if name in axes]
        axes = {name: axes[name] for name in [*order, *(name for name in axes if name not in order)]}
    shown = dict(list(axes.items())[:AXES])
    value = [entry.value for entry in chosen]
    described = f"{len(chosen)} runs over {', '.join(shown)}; {found.metric} is {min(value):.4g} to "
    described += f"{max(value):.4g}."
    picture = parallel(
        shown, value, found.metric, "Parallel coordinates", described, found.goal == "minimize", WIDTH
    )
    said = "Each line is a run: orange the best, blue the worst."
    if len(chosen) < len(found.ranked):
        said += f" These are {len(chosen)} of {len(found.ranked):,} runs, the best among them."
    if hidden := list(axes)[AXES:]:
        said += f" Not shown: {', '.join(hidden)}."
    return Html(
        f'<div class="wide" tabindex="0" role="region" aria-label="Parallel coordinates">{picture}</div>'
        f'<p class="dim">{escape(said)}</p>'
    )


def importance(asked: Asked, sweep: Row, found: Standing, config: Mapping[str, Any]) -> Answer | None:
    """The last answer to which hyperparameters matter; a newer one may come to the next asking."""
    if len(found.ranked) < FEWEST or not searched(config):
        return None
    question = partial(_question, asked, found, config)
    return asked.server.importance.answer(sweep["id"], len(found.ranked), question)


def _question(
    asked: Asked, found: Standing, config: Mapping[str, Any]
) -> tuple[dict[str, list[Any]], list[float]]:
    chosen = _chosen(found, ASKED)
    return settings(asked.server.store.connection, chosen, config), [entry.value for entry in chosen]


def what_matters(found: Standing, answer: Answer | None) -> Html:
    """Importance with its doubt."""
    runs = len(found.ranked)
    if runs < FEWEST:
        return note(
            f"{runs} finished {'run is' if runs == 1 else 'runs are'} too few to say: it takes {FEWEST}."
        )
    if answer is None:
        return note("Being worked out.")
    if answer.found is None:
        return note("The runs are too alike to say.")
    told = answer.found
    explained, low, high = told["explained"]
    each = [Dot(*one) for one in zip(told["mean"], told["low"], told["high"], strict=True)][:AXES]
    names = told["names"][:AXES]
    described = f"The most important is {names[0]}, at {each[0].value:.2f}."
    picture = dots(names, {"importance": each}, "Importance", described, "share of variance lost", 600)
    said = f"From {answer.runs} runs, whose settings explain {explained:.0%} of the variance"
    said += f" ({low:.0%} to {high:.0%})."
    if low <= 0:
        said += " That is not reliably more than nothing: take the order for a guess."
    return Html(f"{picture}{note(said)}")


def _chosen(found: Standing, count: int) -> list[Entry]:
    """At most so many ranked runs: the best half, and others at random, the same ones each time."""
    ranked = list(found.ranked)
    if len(ranked) <= count:
        return ranked
    best, others = ranked[: count // 2], ranked[count // 2 :]
    return best + random.Random(len(others) // 10).sample(others, count - len(best))


def settings(
    db: sqlite3.Connection, entries: Sequence[Entry], config: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """Name -> what each run had, None where it has no effect, of the parameters that differ among them."""
    ids = json.dumps([entry.row for entry in entries])
    rows = db.execute("SELECT * FROM runs WHERE id IN (SELECT value FROM json_each(?))", (ids,)).fetchall()
    rows_by_id = {row["id"]: row for row in rows}
    # A run may have been deleted since it was counted.
    told = [_active(rows_by_id[entry.row]) if entry.row in rows_by_id else {} for entry in entries]
    found = {name: [_plain(setting(each, name)) for each in told] for name in searched(config)}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def _active(row: Row) -> dict[str, Any]:
    off = set(inactive(row))
    return {name: value for name, value in settings_of(row).items() if name not in off}


def _plain(value: Any) -> float | str | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return (value if isinstance(value, str) else json.dumps(value))[:LONGEST]
