"""A sweep while it runs: how many runs are done, how good the best is, and when it will end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.text import Text

from rarebeat.ranking import RANKED_STATES, classes
from rarebeat.sweep_runs import Entry, SweepRuns
from rarebeat.tables import duration, say, score

# Where nobody looks at a terminal, a line at each change, and at least this often (s).
LINE_SECONDS = 30.0
ACTIVE_STATES = ("running", "pending", "preempting", "preempted")


@dataclass(frozen=True)
class Counts:
    """Runs by what has become of them. A crashed one may be handed out again."""

    done: int
    running: int
    failed: int
    crashed: int

    @classmethod
    def of(cls, entries: tuple[Entry, ...]) -> Counts:
        """Count the states."""
        states = [entry.state for entry in entries]
        return cls(
            done=sum(state in RANKED_STATES for state in states),
            running=sum(state in ACTIVE_STATES for state in states),
            failed=states.count("failed"),
            crashed=states.count("crashed"),
        )


def best_so_far(runs: SweepRuns) -> Entry | None:
    """The run that is over and has the best objective."""
    over = [entry for entry in runs.entries if entry.state in RANKED_STATES and entry.objective is not None]
    if not over:
        return None
    return (max if runs.goal == "maximize" else min)(over, key=lambda entry: entry.objective)


@dataclass
class Progress:
    """Shows a sweep's state on `console` whenever it is told one.

    Attributes:
        console: where to; redrawn in place in a terminal, plain lines elsewhere.
        total: runs in all, None where nobody knows.
    """

    console: Console
    total: int | None
    _started: float = field(default_factory=time.monotonic)
    _live: Live | None = None
    _said: tuple[str, float] = ("", 0.0)

    @contextmanager
    def shown(self) -> Iterator[Progress]:
        """Show from here to the end of the block."""
        if not self.console.is_terminal:
            yield self
            return
        with Live(console=self.console, auto_refresh=False, transient=True) as live:
            self._live = live
            yield self

    def tell(self, runs: SweepRuns) -> None:
        """Show the present state."""
        elapsed = time.monotonic() - self._started
        if self._live:
            self._live.update(Text("\n".join(self.lines(runs, elapsed))), refresh=True)
            return
        text = " · ".join(self.lines(runs, elapsed))
        # Only the clock changes between two runs' ends: that is no news.
        news = str((Counts.of(runs.entries), best_so_far(runs) and best_so_far(runs).id))
        if news != self._said[0] or elapsed - self._said[1] >= LINE_SECONDS:
            self._said = (news, elapsed)
            say(self.console, text)

    def lines(self, runs: SweepRuns, elapsed: float) -> list[str]:
        """The state in words; `elapsed` in s since the start."""
        counts = Counts.of(runs.entries)
        head = f"{counts.done}{f'/{self.total}' if self.total else ''} runs done, {counts.running} running"
        head += f", {counts.failed} failed" if counts.failed else ""
        head += f", {counts.crashed} crashed" if counts.crashed else ""
        return [f"{head}, {duration(elapsed)} so far{self._remaining(counts, elapsed)}", *_best_line(runs)]

    def _remaining(self, counts: Counts, elapsed: float) -> str:
        over = counts.done + counts.failed
        if not self.total or not over:
            return ""
        return f", about {duration(max(0, self.total - over) * elapsed / over)} to go"


def _best_line(runs: SweepRuns) -> list[str]:
    best = best_so_far(runs)
    if best is None:
        return []
    # The leaderboard's F1: at thresholds that other patients gave, where a run says it.
    scores = best.per_class("f1_tuned") or best.per_class("f1")
    f1 = ", ".join(f"{name} {score(scores.get(name))}" for name in classes([best]))
    return [f"best so far {best.id}: {runs.metric} {best.objective:.4f}" + (f", F1 {f1}" if f1 else "")]
