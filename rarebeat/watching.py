"""Agents at work on a sweep: shown while they run, and told when it is enough."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from data_utils.errors import BadInput
from rarebeat.agents import Agents
from rarebeat.backend import probe
from rarebeat.cluster import ClusterAgents
from rarebeat.pace import Counts, Pace
from rarebeat.progress import Progress
from rarebeat.ranking import stands
from rarebeat.sweep_runs import SweepRuns, find_sweep, read_sweep
from rarebeat.tables import console

if TYPE_CHECKING:
    import wandb

POLL_SECONDS = 3.0
# The clock in the picture goes on meanwhile, and agents that end are seen.
TICK_SECONDS = 0.5
# Looking at a big sweep must not cost the server more than a tenth of its time.
POLL_SHARE = 10


@dataclass(frozen=True)
class Enough:
    """When no further run is begun; the runs that are under way end as they would.

    Attributes:
        total: runs in all, for the progress alone: the server counts them. None where nobody knows.
        hours: since the agents started.
        without_gain: runs that ended since the best one did.
    """

    total: int | None = None
    hours: float | None = None
    without_gain: int | None = None

    @property
    def pace(self) -> Pace:
        """What the end can be reckoned from."""
        return Pace(self.total, None if self.hours is None else self.hours * 3600)

    def reason(self, runs: SweepRuns, elapsed: float) -> str | None:
        """Why it is enough after `elapsed` s; None while it is not."""
        if self.hours is not None and elapsed >= self.hours * 3600:
            return f"{self.hours:g} hours are over"
        since = runs_since_best(runs)
        if self.without_gain is not None and since is not None and since >= self.without_gain:
            return f"the last {since} runs brought nothing better"
        return None


def runs_since_best(runs: SweepRuns) -> int | None:
    """How many runs ended after the best one, by the order in which they were created; None without any."""
    over = [entry for entry in runs.entries if stands(entry) and entry.objective is not None]
    over.sort(key=lambda entry: entry.created)
    best: float | None = None
    since = 0
    for entry in over:
        since += 1
        if best is None or runs.better(entry.objective, best):
            best, since = entry.objective, 0
    return None if best is None else since


def watch(api: wandb.Api, agents: Agents | ClusterAgents, enough: Enough, go_on: str) -> SweepRuns:
    """Run the agents until the sweep is at its end or it is enough; returns the runs as they are then.

    Args:
        go_on: the command that continues, named when it is interrupted.

    Raises:
        KeyboardInterrupt: it was interrupted; the agents and their runs are ended.
    """
    handle = find_sweep(api, agents.path)
    runs = read_sweep(api, handle)
    _say(f"Sweep {agents.path} · {handle.url} · logs in {agents.logs}")
    started, ending = time.monotonic(), None
    progress = Progress(console(click.get_text_stream("stderr")), enough.pace, agents.last_words)
    try:
        with agents, progress.shown():
            while agents.alive():
                began = time.monotonic()
                runs = _read_or(runs, api, handle, agents.environment["WANDB_BASE_URL"])
                progress.tell(runs, agents.doing())
                if ending is None and (ending := enough.reason(runs, time.monotonic() - started)):
                    _say(f"It is enough: {ending}. The runs under way end, no other begins.")
                    agents.finish()
                _pause(agents, progress, max(POLL_SECONDS, POLL_SHARE * (time.monotonic() - began)))
    except KeyboardInterrupt:
        _say(f"Interrupted with {Counts.of(runs.entries).done} runs done; nothing of it runs on.")
        _say(f"Look: rarebeat leaderboard {shlex.quote(agents.path)}. Go on: {go_on}")
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


def _pause(agents: Agents | ClusterAgents, progress: Progress, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end and agents.alive():
        progress.tick()
        time.sleep(min(TICK_SECONDS, end - now))


def _say(line: str) -> None:
    click.echo(line, err=True)
