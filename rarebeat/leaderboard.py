"""`rarebeat leaderboard`: a sweep's runs, best first, with what each class got."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console

from rarebeat.backend import connect
from rarebeat.ranking import Ranking, classes, notices, rank, varying
from rarebeat.sweep_runs import Entry, find_sweep, read_sweep
from rarebeat.tables import Column, console, duration, number, say, score, stacked


@click.command()
@click.argument("path")
@click.option("--sort", metavar="METRIC", help="Rank by another logged metric, such as val/f1/S.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, on stdout.")
def leaderboard(path: str, sort: str | None, as_json: bool) -> None:
    """Rank the runs of a sweep: objective, F1 and AUPRC of each class, and the hyperparameters that vary.

    PATH is ENTITY/PROJECT/SWEEP, PROJECT/SWEEP, the sweep's web address, or its id alone.
    """
    api = connect()
    ranking = rank(read_sweep(api, find_sweep(api, path)), sort)
    if as_json:
        click.echo(json.dumps(as_data(ranking), indent=2))
    else:
        show(ranking, console())


def show(ranking: Ranking, to: Console) -> None:
    """Print the leaderboard, what qualifies it, and the runs that it leaves out."""
    for table in stacked(columns(ranking), to.width, title(ranking)):
        to.print(table)
    for notice in notices(ranking):
        say(to, notice, style="bold yellow")
    if ranking.others:
        counts = ", ".join(f"{n} {state}" for state, n in ranking.others.items())
        say(to, f"Not ranked: {counts}.")


def title(ranking: Ranking) -> str:
    """One line that says which sweep this is and what it is ranked by."""
    runs = "1 run" if len(ranking.ranked) == 1 else f"{len(ranking.ranked)} runs"
    return f"{ranking.runs.path} · {ranking.metric}, {ranking.goal}d · {runs}"


def columns(ranking: Ranking) -> list[Column]:
    """The leaderboard's columns in order of importance, so that the last are the first to go below."""
    runs = ranking.ranked
    return [
        Column("", tuple(str(i) for i in range(1, len(runs) + 1)), key=True),
        Column("run", tuple(entry.id for entry in runs), key=True, left=True),
        Column(_short(ranking.metric), tuple(f"{ranking.value(entry):.4f}" for entry in runs)),
        *_class_columns(runs, "f1", "F1"),
        *_class_columns(runs, "auprc", "AUPRC"),
        *[Column(name, tuple(_setting(entry, name) for entry in runs)) for name in varying(ranking)],
        Column("epochs", tuple(number(entry.epochs) for entry in runs)),
        Column("time", tuple(duration(entry.seconds) for entry in runs)),
        Column("state", tuple(entry.state for entry in runs), left=True),
        *([Column("name", tuple(entry.name for entry in runs), left=True)] if _named(runs) else []),
    ]


def _named(runs: tuple[Entry, ...]) -> bool:
    """Whether any run has a name beside its id, which is what the embedded server gives."""
    return any(entry.name != entry.id for entry in runs)


def _class_columns(runs: tuple[Entry, ...], metric: str, heading: str) -> list[Column]:
    return [
        Column(f"{heading} {name}", tuple(score(entry.per_class(metric).get(name)) for entry in runs))
        for name in classes(runs)
    ]


def _setting(entry: Entry, name: str) -> str:
    return "–" if name in entry.inactive else number(entry.config.get(name))


def _short(metric: str) -> str:
    return metric.rsplit("/", 1)[-1] if metric.startswith("best/") else metric


def as_data(ranking: Ranking) -> dict[str, Any]:
    """The leaderboard as plain data for `--json`."""
    return {
        "sweep": ranking.runs.path,
        "url": ranking.runs.url,
        "state": ranking.runs.state,
        "metric": ranking.metric,
        "goal": ranking.goal,
        "notices": notices(ranking),
        "others": ranking.others,
        "runs": [_entry_data(ranking, i, entry) for i, entry in enumerate(ranking.ranked, 1)],
    }


def _entry_data(ranking: Ranking, place: int, entry: Entry) -> dict[str, Any]:
    return {
        "rank": place,
        "run": entry.id,
        "name": entry.name,
        "state": entry.state,
        "objective": ranking.value(entry),
        "f1": entry.per_class("f1"),
        "auprc": entry.per_class("auprc"),
        "hyperparameters": {k: v for k, v in entry.config.items() if k not in entry.inactive},
        "inactive": sorted(entry.inactive),
        "epochs": entry.epochs,
        "seconds": entry.seconds,
    }
