"""How a sweep stands while it runs: counts, the best of each class, pace, and what its agents do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rarebeat.agents import Doing
from rarebeat.pace import Counts, Pace
from rarebeat.ranking import stands
from rarebeat.sweep_runs import Entry, SweepRuns

BROKEN_STATES = ("failed", "crashed")
# An objective over all classes is named after the measure of one: macro_auprc, mean_auprc.
OVER_CLASSES = re.compile(r"^(macro|micro|mean|weighted)_")
RATE = "time/samples_per_second"
SHOWN_FAILURES = 3
# How many of a failed run's last lines are read.
LAST_LINES = 2


@dataclass(frozen=True)
class ClassBest:
    """The best value of one class's measure among the runs that are over, and the run that has it.

    Attributes:
        leader: the same measure in the run with the best objective; None where that one has not logged it.
    """

    name: str
    value: float
    run: str
    leader: float | None


@dataclass(frozen=True)
class Failure:
    """A run that failed or crashed, and what it said last."""

    run: str
    state: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """A sweep at one moment.

    Attributes:
        total: runs in all; None where nobody knows.
        measure: what the classes are compared by; empty where the objective belongs to no class's measure.
        per_hour: runs that end in an hour; None before the first.
        samples: training examples per second, over all running runs that say so.
        remaining: seconds until the end; None where nobody knows.
        failures: the latest few.
    """

    runs: SweepRuns
    total: int | None
    counts: Counts
    best: Entry | None
    measure: str
    classes: tuple[ClassBest, ...]
    per_hour: float | None
    samples: float
    remaining: float | None
    failures: tuple[Failure, ...]
    doing: tuple[Doing, ...]


def best_so_far(runs: SweepRuns) -> Entry | None:
    """The run that is over and has the best objective."""
    over = [entry for entry in runs.entries if stands(entry) and entry.objective is not None]
    if not over:
        return None
    return (max if runs.goal == "maximize" else min)(over, key=lambda entry: entry.objective)


def measure_of(metric: str) -> tuple[str, str]:
    """Side and measure of one class behind an objective over all classes; ("", "") where there is none.

    >>> measure_of("best/macro_auprc")
    ('best/', 'auprc')
    """
    side, slash, name = metric.rpartition("/")
    measure, macro = OVER_CLASSES.subn("", name)
    return (side + slash, measure) if macro else ("", "")


def class_bests(runs: SweepRuns) -> tuple[str, tuple[ClassBest, ...]]:
    """Measure, and each class's best value of it among the runs that are over, in the data set's order.

    Classes are what is logged as `SIDE/MEASURE/CLASS`, with the objective's own side or else `val`.
    """
    side, measure = measure_of(runs.metric)
    over = [entry for entry in runs.entries if stands(entry)]
    for start in (f"{side}{measure}/", f"val/{measure}/") if measure else ():
        logged = [name for entry in over for name in entry.summary if name.startswith(start)]
        if logged:
            ordered = [f"{start}{name}" for entry in over for name in entry.dataset.get("classes", ())]
            names = [name for name in dict.fromkeys([*ordered, *logged]) if name in logged]
            return measure, tuple(_class_best(runs, over, start, name) for name in names)
    return measure, ()


def _class_best(runs: SweepRuns, over: Sequence[Entry], start: str, name: str) -> ClassBest:
    having = [entry for entry in over if name in entry.summary]
    # A class's measure gets better in the same direction as its mean.
    best = (max if runs.goal == "maximize" else min)(having, key=lambda entry: entry.summary[name])
    leader = best_so_far(runs)
    return ClassBest(
        name.removeprefix(start), best.summary[name], best.id, leader.summary.get(name) if leader else None
    )


def standing(
    runs: SweepRuns,
    pace: Pace,
    elapsed: float,
    doing: Sequence[Doing],
    words: Callable[[str, int], Sequence[str]],
) -> Standing:
    """Put together how a sweep stands.

    Args:
        elapsed: s since its agents started.
        words: the last lines of a run, by its id and how many.
    """
    pace.look(runs, elapsed)
    measure, classes = class_bests(runs)
    running = [entry for entry in runs.entries if entry.state == "running"]
    at_work = sum(one.at_work for one in doing)
    return Standing(
        runs=runs,
        total=pace.total,
        counts=Counts.of(runs.entries),
        best=best_so_far(runs),
        measure=measure,
        classes=classes,
        per_hour=pace.per_hour(runs, elapsed),
        samples=sum(entry.summary.get(RATE, 0.0) for entry in running),
        # Agents of other machines may share the sweep: their runs are seen, they are not.
        remaining=pace.remaining(runs, elapsed, max(at_work, len(running))),
        failures=failures(runs, words),
        doing=tuple(doing),
    )


def failures(runs: SweepRuns, words: Callable[[str, int], Sequence[str]]) -> tuple[Failure, ...]:
    """The latest runs that failed or crashed, the last one last."""
    broken = sorted((e for e in runs.entries if e.state in BROKEN_STATES), key=lambda entry: entry.created)
    latest = broken[-SHOWN_FAILURES:]
    return tuple(Failure(entry.id, entry.state, tuple(words(entry.id, LAST_LINES))) for entry in latest)
