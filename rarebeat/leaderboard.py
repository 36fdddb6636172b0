"""`rarebeat leaderboard`: a sweep's runs, best first, with what each class got."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from data_utils.errors import BadInput
from rarebeat import doubt
from rarebeat.backend import client_errors, connect
from rarebeat.configurations import join, only, together
from rarebeat.doubt import Doubts
from rarebeat.ranking import Ranking, classes, notices, rank, varying
from rarebeat.sweep_runs import Entry, find_sweep, read_sweep
from rarebeat.tables import Column, console, duration, number, say, score, stacked

if TYPE_CHECKING:
    import wandb


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--sort", metavar="METRIC", help="Rank by another logged metric, such as val/f1/S.")
@click.option(
    "--filter", "conditions", multiple=True, metavar="CONDITION",
    help="Only runs that meet it, such as loss=focal or dropout<0.3; as often as you like.",
)  # fmt: skip
@click.option(
    "--top", type=click.IntRange(0), default=doubt.TOP, show_default=True,
    help="How many lines get an interval by patient and are compared with the first.",
)  # fmt: skip
@click.option("--write", is_flag=True, help="Put intervals and ties into the summaries of the runs.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, on stdout.")
@click.option("--csv", "as_csv", is_flag=True, help="The table as comma-separated values, on stdout.")
def leaderboard(
    paths: tuple[str, ...],
    sort: str | None,
    conditions: tuple[str, ...],
    top: int,
    write: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Rank the runs of sweeps: objective, F1 and AUPRC of each class, and the hyperparameters that vary.

    PATH is ENTITY/PROJECT/SWEEP, PROJECT/SWEEP, the sweep's web address, or its id alone. Runs that differ
    only in their seed, or in what has no effect, are one line. Those that are tied with the first, over the
    same draws of patients, are marked with =.
    """
    if as_json and as_csv:
        raise BadInput("--json and --csv are two forms of one table: take one")
    api = connect()
    runs = join([read_sweep(api, find_sweep(api, path)) for path in paths])
    ranking = together(rank(only(runs, conditions), sort))
    doubts = doubt.measure(api, ranking, top)
    if write:
        write_doubts(api, ranking, doubts)
    if as_json:
        click.echo(json.dumps(as_data(ranking, doubts), indent=2))
    elif as_csv:
        click.echo(as_table(columns(ranking, doubts)), nl=False)
    else:
        show(ranking, doubts, console())


def write_doubts(api: wandb.Api, ranking: Ranking, doubts: Doubts) -> None:
    """Put `leaderboard/low`, `leaderboard/high` and `leaderboard/tied` into the runs' summaries, so that
    W&B's own table shows them.
    """
    for entry in ranking.ranked:
        found = doubts.runs.get(entry.id)
        for run in entry.members or (entry,) if found else ():
            # Of one configuration's runs each carries what was found of all of them.
            values = {"low": found.low, "high": found.high, "tied": found.tied}
            with client_errors():
                api.run(run.path).summary.update({f"leaderboard/{k}": v for k, v in values.items()})


def as_table(table: list[Column]) -> str:
    """Columns as comma-separated values, with their headings."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.heading or "rank" for column in table])
    writer.writerows(zip(*(column.cells for column in table), strict=True))
    return stream.getvalue()


def show(ranking: Ranking, doubts: Doubts, to: Console) -> None:
    """Print the leaderboard, what qualifies it, and the runs that it leaves out."""
    for table in stacked(columns(ranking, doubts), to.width, title(ranking)):
        to.print(table)
    for notice in [*notices(ranking), *doubts.notices()]:
        say(to, notice, style="bold yellow")
    if ranking.others:
        counts = ", ".join(f"{n} {state}" for state, n in ranking.others.items())
        say(to, f"Not ranked: {counts}.")


def title(ranking: Ranking) -> str:
    """One line that says which sweep this is and what it is ranked by."""
    count = sum(len(entry.members) or 1 for entry in ranking.ranked)
    runs = "1 run" if count == 1 else f"{count} runs"
    if count > len(ranking.ranked):
        runs += f" of {len(ranking.ranked)} configurations"
    return f"{ranking.runs.path} · {ranking.metric}, {ranking.goal}d · {runs}"


def columns(ranking: Ranking, doubts: Doubts) -> list[Column]:
    """The leaderboard's columns in order of importance, so that the last are the first to go below."""
    runs = ranking.ranked
    return [
        Column("", tuple(f"{_tie(doubts, entry)}{i}" for i, entry in enumerate(runs, 1)), key=True),
        Column("run", tuple(entry.id for entry in runs), key=True, left=True),
        Column(_short(ranking.metric), tuple(f"{ranking.value(entry):.4f}" for entry in runs)),
        *_interval_column(runs, doubts),
        *_unless(["1"] * len(runs), "runs", [str(len(entry.members) or 1) for entry in runs]),
        *_class_columns(runs, _f1(runs), "F1"),
        *_class_columns(runs, "auprc", "AUPRC"),
        *[Column(name, tuple(_setting(entry, name) for entry in runs)) for name in varying(ranking)],
        Column("epochs", tuple(number(entry.epochs) for entry in runs)),
        Column("time", tuple(duration(entry.seconds) for entry in runs)),
        *_unless(["finished"] * len(runs), "state", [entry.state for entry in runs]),
        *_unless([entry.id for entry in runs], "name", [entry.name for entry in runs]),
    ]


def _tie(doubts: Doubts, entry: Entry) -> str:
    found = doubts.runs.get(entry.id)
    return "=" if found and found.tied and doubts.tied > 1 else ""


def _interval_column(runs: tuple[Entry, ...], doubts: Doubts) -> list[Column]:
    if not doubts.runs:
        return []
    found = (doubts.runs.get(entry.id) for entry in runs)
    return [Column("95 %", tuple(f"{one.low:.3f}-{one.high:.3f}" if one else "–" for one in found))]


def _f1(runs: tuple[Entry, ...]) -> str:
    """F1 at thresholds that other patients gave; at neutral ones where a run does not say."""
    return "f1_tuned" if all(entry.per_class("f1_tuned") for entry in runs) else "f1"


def _unless(expected: list[str], heading: str, cells: list[str]) -> list[Column]:
    """A column that is shown only where it says something."""
    return [] if cells == expected else [Column(heading, tuple(cells), left=True)]


def _class_columns(runs: tuple[Entry, ...], metric: str, heading: str) -> list[Column]:
    return [
        Column(f"{heading} {name}", tuple(score(entry.per_class(metric).get(name)) for entry in runs))
        for name in classes(runs)
    ]


def _setting(entry: Entry, name: str) -> str:
    return "–" if name in entry.inactive else number(entry.config.get(name))


def _short(metric: str) -> str:
    return metric.rsplit("/", 1)[-1] if metric.startswith("best/") else metric


def as_data(ranking: Ranking, doubts: Doubts) -> dict[str, Any]:
    """The leaderboard as plain data for `--json`."""
    return {
        "sweep": ranking.runs.path,
        "url": ranking.runs.url,
        "state": ranking.runs.state,
        "metric": ranking.metric,
        "goal": ranking.goal,
        "notices": [*notices(ranking), *doubts.notices()],
        "others": ranking.others,
        "corrected": doubts.corrected,
        "runs": [_entry_data(ranking, doubts, i, entry) for i, entry in enumerate(ranking.ranked, 1)],
    }


def _entry_data(ranking: Ranking, doubts: Doubts, place: int, entry: Entry) -> dict[str, Any]:
    found = doubts.runs.get(entry.id)
    return {
        "rank": place,
        "run": entry.id,
        "runs": [run.id for run in entry.members or (entry,)],
        "name": entry.name,
        "state": entry.state,
        "objective": ranking.value(entry),
        "interval": [found.low, found.high] if found else None,
        "tied": found.tied if found else None,
        "f1": entry.per_class("f1"),
        "f1_tuned": entry.per_class("f1_tuned"),
        "auprc": entry.per_class("auprc"),
        "hyperparameters": {k: v for k, v in entry.config.items() if k not in entry.inactive},
        "inactive": sorted(entry.inactive),
        "epochs": entry.epochs,
        "seconds": entry.seconds,
    }
