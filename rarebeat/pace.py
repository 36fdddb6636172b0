"""How fast the runs of a sweep end, and when the last one will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rarebeat.ranking import RANKED_STATES
from rarebeat.sweep_runs import Entry, SweepRuns

ACTIVE_STATES = ("running", "pending", "preempting", "preempted")


@dataclass(frozen=True)
class Counts:
    """Runs by what has become of them. A crashed one may be handed out again."""

    done: int
    running: int
    failed: int
    crashed: int

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Counts:
        """Count the states."""
        states = [entry.state for entry in entries]
        return cls(
            done=sum(state in RANKED_STATES for state in states),
            running=sum(state in ACTIVE_STATES for state in states),
            failed=states.count("failed"),
            crashed=states.count("crashed"),
        )

    @property
    def over(self) -> int:
        """Runs that are not begun again."""
        return self.done + self.failed


@dataclass
class Pace:
    """How fast runs end, seen from here, and when the sweep will be at its end.

    Attributes:
        total: runs in all.
        seconds: after which no run is begun.
    """

    total: int | None = None
    seconds: float | None = None
    _seen: dict[str, float] = field(default_factory=dict)
    _before: int | None = None

    def look(self, runs: SweepRuns, elapsed: float) -> None:
        """Note which runs are there, `elapsed` s after the start."""
        if self._before is None:
            self._before = Counts.of(runs.entries).over
        for entry in runs.entries:
            if entry.state == "running":
                # One that ran before anybody looked says itself for how long.
                self._seen.setdefault(entry.id, elapsed - (entry.seconds or 0.0))
            else:
                self._seen.pop(entry.id, None)

    def per_hour(self, runs: SweepRuns, elapsed: float) -> float | None:
        """Runs that end in an hour, those before the first look left out; None while there are none."""
        ended = Counts.of(runs.entries).over - (self._before or 0)
        return 3600 * ended / elapsed if ended > 0 and elapsed > 0 else None

    def remaining(self, runs: SweepRuns, elapsed: float, agents: int) -> float | None:
        """Seconds until the last run ends on `agents` agents, if runs take what those that are done took."""
        # Those that failed say nothing of what a run takes.
        took = [e.seconds for e in runs.entries if e.state in RANKED_STATES and e.seconds is not None]
        if not took:
            return None
        mean = sum(took) / len(took)
        rest = [max(0.0, mean - (elapsed - since)) for since in self._seen.values()]
        ends = [self._until_all(runs, mean, rest, agents), self._until_time(mean, elapsed)]
        return min((end for end in ends if end is not None), default=None)

    def _until_all(self, runs: SweepRuns, mean: float, rest: list[float], agents: int) -> float | None:
        if self.total is None:
            return None
        unbegun = max(0, self.total - Counts.of(runs.entries).over - len(rest))
        return max([(unbegun * mean + sum(rest)) / max(1, agents), *rest])

    def _until_time(self, mean: float, elapsed: float) -> float | None:
        # What runs when the time is over ends as it would: half a run later, on the average.
        return None if self.seconds is None else max(0.0, self.seconds - elapsed) + mean / 2
