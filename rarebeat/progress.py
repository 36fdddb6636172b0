"""A sweep while it runs, shown where people look: a picture in a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live

from rarebeat.agents import Doing
from rarebeat.progress_view import head, pace_line, picture
from rarebeat.standing import Pace, Standing, standing
from rarebeat.sweep_runs import SweepRuns
from rarebeat.tables import say, score

# Where nobody looks at a terminal, a line at each change, and at least this often (s).
LINE_SECONDS = 30.0


@dataclass
class Progress:
    """Shows a sweep's state on `console` whenever it is told one.

    Attributes:
        console: where to; redrawn in place in a terminal, plain lines elsewhere.
        pace: how many runs there are in all, and how long they may take.
        words: the last lines of a run, by its id and how many.
    """

    console: Console
    pace: Pace
    words: Callable[[str, int], Sequence[str]]
    _started: float = field(default_factory=time.monotonic)
    _live: Live | None = None
    _width: int = 0
    _now: Standing | None = None
    _said: tuple[str, float] = ("", 0.0)
    _told: set[str] = field(default_factory=set)

    @contextmanager
    def shown(self) -> Iterator[Progress]:
        """Show from here to the end of the block."""
        if not self.console.is_terminal:
            yield self
            return
        with Live(console=self.console, auto_refresh=False, transient=True) as live:
            self._live = live
            yield self

    def tell(self, runs: SweepRuns, doing: Sequence[Doing]) -> None:
        """Show the present state."""
        elapsed = time.monotonic() - self._started
        self._now = standing(runs, self.pace, elapsed, doing, self.words)
        if self._live:
            self.tick()
        else:
            self._say(self._now, elapsed)

    def tick(self) -> None:
        """Show the state that was told last, with the time as it is now."""
        if self._live and self._now:
            elapsed = time.monotonic() - self._started
            width, self._width = self._width, self.console.width
            if width not in (0, self._width):
                # What was drawn before stands broken into other lines, which nobody could count back.
                self.console.clear()
            self._live.update(picture(self._now, elapsed, self.console.size.height), refresh=True)

    def _say(self, now: Standing, elapsed: float) -> None:
        for failure in now.failures:
            if (key := f"{failure.run} {failure.state}") not in self._told:
                self._told.add(key)
                say(self.console, f"Run {key}" + (f": {failure.words[-1]}" if failure.words else ""))
        # Only the clock changes between two runs' ends: that is no news.
        news = str((now.counts, now.best and now.best.id))
        if news != self._said[0] or elapsed - self._said[1] >= LINE_SECONDS:
            self._said = (news, elapsed)
            say(self.console, " · ".join(lines(now, elapsed)))


def lines(now: Standing, elapsed: float) -> list[str]:
    """The state in words: runs and time, pace, the best run, the best of each class."""
    said = [head(now, elapsed), pace_line(now)]
    if now.best:
        said.append(f"best so far {now.best.id}: {now.runs.metric} {now.best.objective:.4f}")
    if now.classes:
        said.append(f"best {now.measure} {', '.join(f'{c.name} {score(c.value)}' for c in now.classes)}")
    return [part for part in said if part]
