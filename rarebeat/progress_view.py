"""A sweep under way as a picture for a terminal of any width."""

from __future__ import annotations

from rich.columns import Columns
from rich.console import Group, JustifyMethod, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rarebeat.agents import Doing
from rarebeat.standing import RATE, Failure, Standing
from rarebeat.sweep_runs import Entry, SweepRuns
from rarebeat.tables import duration, number, score

# More classes than that stand beside one another, without their runs.
CLASS_ROWS = 8
BAR_WIDTH = 60
PLACE_WIDTH = 20
SETTINGS = 4


def picture(now: Standing, elapsed: float, height: int) -> RenderableType:
    """The picture, `elapsed` s after the start, for a terminal of `height` lines."""
    parts: list[RenderableType] = [Text(head(now, elapsed), style="bold")]
    if now.total:
        # A bar alone ends without a new line.
        parts.append(Columns([ProgressBar(now.total, now.counts.over, width=BAR_WIDTH)]))
    parts += [Text(pace_line(now), style="dim")] if pace_line(now) else []
    parts += [Text(), _best(now)] if now.best else []
    parts += [Text(), _classes(now)] if now.classes else []
    taken = 10 + min(CLASS_ROWS, len(now.classes)) + 3 * len(now.failures)
    parts += [Text(), *_agents(now, max(3, height - taken))] if now.doing else []
    parts += [Text(), *map(_failure, now.failures)] if now.failures else []
    return Group(*parts)


def head(now: Standing, elapsed: float) -> str:
    """Runs by state, the time, and what remains of it, unless the last runs take longer than the others."""
    counts = now.counts
    said = f"{counts.done}{f'/{now.total}' if now.total else ''} runs done, {counts.running} running"
    said += f", {counts.failed} failed" if counts.failed else ""
    said += f", {counts.crashed} crashed" if counts.crashed else ""
    said += f", {duration(elapsed)} so far"
    return said + (f", about {duration(now.remaining)} to go" if now.remaining else "")


def pace_line(now: Standing) -> str:
    """Runs per hour and samples per second; empty where neither is known."""
    said = [f"{now.per_hour:.3g} runs/h"] if now.per_hour else []
    return " · ".join([*said, f"{now.samples:,.0f} samples/s"] if now.samples else said)


def settings(runs: SweepRuns, entry: Entry) -> str:
    """The first searched hyperparameters of a run."""
    having = [name for name in runs.searched if name in entry.config and name not in entry.inactive]
    said = ", ".join(f"{name}={number(entry.config[name])}" for name in having[:SETTINGS])
    return said + (", …" if len(having) > SETTINGS else "")


def _best(now: Standing) -> Text:
    line = Text("best so far ", no_wrap=True, overflow="ellipsis")
    line.append(now.best.id, style="bold green")
    line.append(f"  {now.runs.metric} ")
    line.append(f"{now.best.objective:.4f}", style="bold green")
    return line.append(f"  {settings(now.runs, now.best)}", style="dim")


def _classes(now: Standing) -> RenderableType:
    if len(now.classes) > CLASS_ROWS:
        cells = [f"{one.name} {score(one.value)}" for one in now.classes]
        return Group(Text(f"best {now.measure}", style="dim"), Columns(cells, equal=True, padding=(0, 2)))
    table = _grid("class", (f"best {now.measure}", "right"), "in run", ("best run's", "right"))
    for one in now.classes:
        table.add_row(one.name, Text(score(one.value), style="bold"), one.run, score(one.leader))
    return table


def _agents(now: Standing, rows: int) -> list[RenderableType]:
    table = _grid("agent")
    table.add_column("on", no_wrap=True, max_width=PLACE_WIDTH)
    # The one column that may be cut where the terminal is narrow.
    table.add_column("now")
    shown = now.doing if len(now.doing) <= rows else now.doing[: rows - 1]
    entries = {entry.id: entry for entry in now.runs.entries}
    for one in shown:
        said = activity(now.runs, one, entries.get(one.run or ""))
        table.add_row(one.agent, one.place, Text(said, no_wrap=True, overflow="ellipsis"))
    hidden = now.doing[len(shown) :]
    at_work = sum(one.at_work for one in hidden)
    return [table, *([Text(f"… and {len(hidden)} more, {at_work} of them at work")] if hidden else [])]


def activity(runs: SweepRuns, one: Doing, entry: Entry | None) -> str:
    """What an agent does: its run with fold, epoch, objective, rate and time, or what it waits for."""
    if one.run is None:
        return one.state
    if entry is None:
        return f"{one.run} begins"
    summary, metric = entry.summary, runs.metric.rpartition("/")[2]
    said = [f"fold {summary['fold'] + 1:.0f}{_of(entry, 'folds')}"] if "fold" in summary else []
    said += [f"epoch {entry.epochs}{_of(entry, 'epochs')}"] if entry.epochs is not None else []
    said += [f"{metric} {entry.objective:.4f}"] if entry.objective is not None else []
    said += [f"{summary[RATE]:,.0f} samples/s"] if RATE in summary else []
    said += [duration(entry.seconds)] if entry.seconds is not None else []
    return f"{one.run}  {' · '.join(said) or 'begins'}"


def _of(entry: Entry, name: str) -> str:
    return f"/{entry.config[name]}" if entry.config.get(name) else ""


def _failure(failure: Failure) -> RenderableType:
    lines = [Text(f"{failure.run} {failure.state}", style="bold red", no_wrap=True, overflow="ellipsis")]
    lines += [Text(f"  {line}", no_wrap=True, overflow="ellipsis") for line in failure.words]
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)


def _grid(*columns: str | tuple[str, JustifyMethod]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for column in columns:
        heading, justify = column if isinstance(column, tuple) else (column, "left")
        table.add_column(heading, justify=justify, no_wrap=True)
    return table
