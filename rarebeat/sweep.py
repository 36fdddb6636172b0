"""`rarebeat sweep`: from a YAML to the best model in one command, on warm agents."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from data_utils.errors import BadInput
from rarebeat import best, doubt, leaderboard
from rarebeat.agents import Agents, agent_environment
from rarebeat.backend import DIRECTORY, ENTITY, Backend, connect, find_backend, probe
from rarebeat.configurations import together
from rarebeat.devices import agent_places
from rarebeat.ranking import RANKED_STATES, Ranking, rank
from rarebeat.run_logs import last_line, last_words
from rarebeat.server.sweep_config import is_searched_outside
from rarebeat.sweep_config import data_files, load_config
from rarebeat.sweep_create import create_sweep
from rarebeat.sweep_rules import runs_in_all, runs_our_training
from rarebeat.sweep_runs import SweepRuns
from rarebeat.tables import console
from rarebeat.unfinished import find_unfinished, remember
from rarebeat.watching import Enough, watch

if TYPE_CHECKING:
    import wandb

LOGS = Path("runs/logs")
SHOWN_FAILURES = 3


@dataclass(frozen=True)
class Plan:
    """What the command line asks for, checked."""

    config: dict[str, Any]
    data: Path | None
    agents: int
    out: Path
    project: str
    environment: dict[str, str]
    again: str
    new: bool = False
    hours: float | None = None
    without_gain: int | None = None

    @property
    def total(self) -> int | None:
        """Runs in all; None without an end."""
        return runs_in_all(self.config)

    @property
    def ours(self) -> bool:
        """Whether the runs are `training.train`'s, and so have models."""
        return runs_our_training(self.config)


@click.command()
@click.argument("source", metavar="YAML", type=click.Path(path_type=Path))
@click.option("--local", is_flag=True, help="On the embedded server, whatever else is configured.")
@click.option("--data", type=click.Path(path_type=Path), help="Data file; wins over the YAML's.")
@click.option("--agents", type=click.IntRange(1), default=1, show_default=True, help="Agents at once.")
@click.option("--runs", type=click.IntRange(1), help="Runs in all; the agents share them.")
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="Begin no run after this time.")
@click.option(
    "--until-no-gain", type=click.IntRange(1), metavar="N", help="End when N runs brought nothing better."
)
@click.option("--new", is_flag=True, help="Begin anew, although the same command's sweep is not at its end.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Fix a hyperparameter.")
@click.option("--project", help="W&B project; else the YAML's, else WANDB_PROJECT, else rarebeat.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("runs/best"), show_default=True,
    help="Folder for the best model.",
)  # fmt: skip
@click.option(
    "--dir", "directory", type=click.Path(path_type=Path), default=DIRECTORY, show_default=True,
    help="The embedded server's folder.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Machine-readable on stdout, progress on stderr.")
def sweep(
    source: Path,
    local: bool,
    data: Path | None,
    agents: int,
    runs: int | None,
    hours: float | None,
    until_no_gain: int | None,
    new: bool,
    settings: tuple[str, ...],
    project: str | None,
    out: Path,
    directory: Path,
    as_json: bool,
) -> None:
    """Run the sweep of a YAML: create it, start agents, watch, rank, and bring the best model home."""
    best.check_folder(out)
    backend = None if local else find_backend(directory)
    named = data or (Path(os.environ["RAREBEAT_DATA"]) if os.environ.get("RAREBEAT_DATA") else None)
    config = load_config(source, settings, runs, named)
    if is_searched_outside(config):
        scheduler = "wandb sweep-scheduler" if "metrics" in config else "rarebeat schedule"
        raise BadInput(
            f"{source} waits for a scheduler (custom, scheduler or controller): create it with "
            f"`wandb sweep`, then search it with `{scheduler}`"
        )
    project = project or config.get("project") or (None if local else os.environ.get("WANDB_PROJECT"))
    plan = Plan(
        config,
        _one_data_file(config),
        agents,
        out,
        project or "rarebeat",
        dict(os.environ),
        again=shlex.join(["rarebeat", *sys.argv[1:]]),
        new=new,
        hours=hours,
        without_gain=until_no_gain,
    )
    with interruptible():
        to = console(click.get_text_stream("stderr" if as_json else "stdout"))
        outcome = run_sweep(plan, backend, to) if backend else _local(plan, directory, to)
    if as_json:
        click.echo(json.dumps(outcome, indent=2))


def _one_data_file(config: dict[str, Any]) -> Path | None:
    """Check every data file of a sweep of ours; the one that they all use, if it is one."""
    if not runs_our_training(config):
        return None
    from data_utils.dataset import open_dataset

    files = data_files(config)
    for file in files:
        if open_dataset(file).sealed:
            raise BadInput(f"{file} is the sealed test side: sweep on the training file beside it")
    return files[0] if len(files) == 1 else None


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the sweep as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    # What is ignored stays so: under nohup a closed terminal is no reason to end.
    heard = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    except KeyboardInterrupt:
        # The agents and the server have been ended on the way here.
        raise click.exceptions.Exit(130) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _local(plan: Plan, directory: Path, to: Console) -> dict[str, Any]:
    from rarebeat.server.borrowing import borrowed

    def say_how_to_look() -> None:
        again = "rarebeat up" + ("" if directory == DIRECTORY else f" --dir {shlex.quote(str(directory))}")
        _say(f"The embedded server is down again; to look at the sweep: {again}")

    # Another sweep may use the server at the same time: it goes down with the last one.
    with borrowed(directory, say_how_to_look) as server:
        return run_sweep(plan, Backend(server.url, server.key, embedded=True), to, entity=ENTITY)


def run_sweep(plan: Plan, backend: Backend, to: Console, entity: str | None = None) -> dict[str, Any]:
    """Create the sweep, let the agents run it, show what came out on `to`, bring the best home.

    Returns:
        What came out, as plain data.

    Raises:
        click.ClickException: no run succeeded (exit code 1), with the last one's reason.
    """
    probe(backend.url)
    environment = agent_environment(backend.environment(plan.environment), plan.agents, plan.data)
    api = connect(backend)
    path = _its_sweep(api, plan, backend, entity or plan.config.get("entity"))
    logs = LOGS / path.rsplit("/", 1)[-1]
    agents = Agents(path, agent_places(plan.agents), environment, logs)
    runs = watch(api, agents, Enough(plan.total, plan.hours, plan.without_gain), plan.again)
    _report_failures(runs, logs)
    _report_missing(runs, plan)
    ranking = _ranking(runs, logs)
    doubts = doubt.measure(api, ranking, doubt.TOP)
    leaderboard.show(ranking, doubts, to)
    won = best.fetch_best(api, ranking, plan.out) if plan.ours else None
    if won:
        best.show(won, ranking, to)
    return _outcome(ranking, doubts, won, logs)


def _its_sweep(api: wandb.Api, plan: Plan, backend: Backend, entity: str | None) -> str:
    """The sweep that the same command began and did not end, else a new one."""
    # The embedded server may come back on another port; it is the one of this folder all the same.
    where = "embedded" if backend.embedded else backend.url
    before = None if plan.new else find_unfinished(api, plan.config, where, plan.project, plan.total)
    if before:
        _say(f"Going on with sweep {before.path}, which has {len(before.entries)} runs; --new begins anew.")
        return before.path
    path = create_sweep(api, plan.config, plan.project, entity)
    remember(plan.config, where, plan.project, path)
    return path


def _report_failures(runs: SweepRuns, logs: Path) -> None:
    failed = [entry for entry in runs.entries if entry.state in ("failed", "crashed")]
    words = last_words(logs)
    for entry in failed[:SHOWN_FAILURES]:
        _say(f"Run {entry.id} {entry.state}:")
        for line in words.get(entry.id, ["(it said nothing)"]):
            _say(f"    {line}")
    if len(failed) > SHOWN_FAILURES:
        _say(f"… and {len(failed) - SHOWN_FAILURES} more; all of it is in {logs}")


def _report_missing(runs: SweepRuns, plan: Plan) -> None:
    over = sum(entry.state in (*RANKED_STATES, "failed", "crashed") for entry in runs.entries)
    if plan.total is not None and over < plan.total:
        _say(f"The agents ended after {over} of {plan.total} runs. Go on: {plan.again}")


def _ranking(runs: SweepRuns, logs: Path) -> Ranking:
    try:
        return together(rank(runs))
    except BadInput as error:
        reason = last_line(logs)
        if any(entry.state in RANKED_STATES for entry in runs.entries) or not reason:
            raise click.ClickException(str(error)) from error
        what = f"all {len(runs.entries)} runs failed" if runs.entries else "no run was started"
        raise click.ClickException(f"{what}; the last words were: {reason}") from error


def _outcome(ranking: Ranking, doubts: doubt.Doubts, won: best.Best | None, logs: Path) -> dict[str, Any]:
    return {
        "sweep": ranking.runs.path,
        "url": ranking.runs.url,
        "logs": str(logs),
        "leaderboard": leaderboard.as_data(ranking, doubts),
        "best": best.as_data(won, ranking) if won else None,
    }


def _say(line: str) -> None:
    click.echo(line, err=True)
