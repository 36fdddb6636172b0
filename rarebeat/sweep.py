"""`rarebeat sweep`: from a YAML to the best model in one command, on the vendor's own agents."""

from __future__ import annotations

import json
import os
import signal
import time
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
from rarebeat.progress import Counts, Progress
from rarebeat.ranking import RANKED_STATES, Ranking, rank
from rarebeat.run_logs import last_line, last_words
from rarebeat.sweep_config import data_files, load_config
from rarebeat.sweep_create import create_sweep
from rarebeat.sweep_rules import runs_our_training, size_of
from rarebeat.sweep_runs import SweepRuns, find_sweep, read_sweep
from rarebeat.tables import console

if TYPE_CHECKING:
    import wandb

LOGS = Path("runs/logs")
POLL_SECONDS = 3.0
# Looking at a big sweep must not cost the server more than a tenth of its time.
POLL_SHARE = 10
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

    @property
    def total(self) -> int | None:
        """Runs in all; None without an end."""
        ends = [n for n in (self.config.get("run_cap"), size_of(self.config)[2]) if n is not None]
        return min(ends) if ends else None

    @property
    def ours(self) -> bool:
        """Whether the runs are `training.train`'s, and so have models."""
        return runs_our_training(self.config)


@click.command()
@click.argument("source", metavar="YAML", type=click.Path(path_type=Path))
@click.option("--local", is_flag=True, help="On the embedded server, whatever else is configured.")
@click.option("--data", type=click.Path(path_type=Path), help="Data file; wins over the YAML's.")
@click.option("--agents", type=click.IntRange(1), default=1, show_default=True, help="Agents at once.")
@click.option("--count", type=click.IntRange(1), help="Runs in all; the agents share them.")
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
    count: int | None,
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
    config = load_config(source, settings, count, named)
    project = project or config.get("project") or (None if local else os.environ.get("WANDB_PROJECT"))
    plan = Plan(config, _one_data_file(config), agents, out, project or "rarebeat", dict(os.environ))
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

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
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
        again = "rarebeat up" + ("" if directory == DIRECTORY else f" --dir {directory}")
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
    path = create_sweep(api, plan.config, plan.project, entity or plan.config.get("entity"))
    logs = LOGS / path.rsplit("/", 1)[-1]
    runs = _run_agents(api, path, Agents(path, plan.agents, environment, logs), plan.total)
    _report_failures(runs, logs)
    _report_missing(runs, plan.total)
    ranking = _ranking(runs, logs)
    doubts = doubt.measure(api, ranking, doubt.TOP)
    leaderboard.show(ranking, doubts, to)
    won = best.fetch_best(api, ranking, plan.out) if plan.ours else None
    if won:
        best.show(won, ranking, to)
    return _outcome(ranking, doubts, won, logs)


def _run_agents(api: wandb.Api, path: str, agents: Agents, total: int | None) -> SweepRuns:
    handle = find_sweep(api, path)
    runs = read_sweep(api, handle)
    _say(f"Sweep {path} · {handle.url} · logs in {agents.logs}")
    try:
        with agents, Progress(console(click.get_text_stream("stderr")), total).shown() as progress:
            while agents.alive():
                began = time.monotonic()
                runs = _read_or(runs, api, handle, agents.environment["WANDB_BASE_URL"])
                progress.tell(runs)
                _pause(agents, max(POLL_SECONDS, POLL_SHARE * (time.monotonic() - began)))
    except KeyboardInterrupt:
        _say(f"Interrupted with {Counts.of(runs.entries).done} runs done; nothing of it runs on.")
        _say(f"Look: rarebeat leaderboard {path}. Go on: wandb agent {path}")
        raise
    return read_sweep(api, handle)


def _read_or(known: SweepRuns, api: wandb.Api, handle: Any, url: str) -> SweepRuns:
    # Agents and runs outlive a server that is away for a while; so does the watching. Asked while it is away,
    # the client would try for minutes.
    try:
        probe(url)
        return read_sweep(api, handle)
    except (BadInput, click.ClickException):
        return known


def _pause(agents: Agents, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and agents.alive():
        time.sleep(0.2)


def _report_failures(runs: SweepRuns, logs: Path) -> None:
    failed = [entry for entry in runs.entries if entry.state in ("failed", "crashed")]
    words = last_words(logs)
    for entry in failed[:SHOWN_FAILURES]:
        _say(f"Run {entry.id} {entry.state}:")
        for line in words.get(entry.id, ["(it said nothing)"]):
            _say(f"    {line}")
    if len(failed) > SHOWN_FAILURES:
        _say(f"… and {len(failed) - SHOWN_FAILURES} more; all of it is in {logs}")


def _report_missing(runs: SweepRuns, total: int | None) -> None:
    over = sum(entry.state in (*RANKED_STATES, "failed", "crashed") for entry in runs.entries)
    if total is not None and over < total:
        _say(f"The agents ended after {over} of {total} runs. Go on: wandb agent {runs.path}")


def _ranking(runs: SweepRuns, logs: Path) -> Ranking:
    try:
        return rank(runs)
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
