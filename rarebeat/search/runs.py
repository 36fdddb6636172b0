"""A run as an engine sees it, and what a sweep's runs have taught so far."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from rarebeat.search.dimensions import Json, is_number
from rarebeat.search.masks import Rule, learn_rules, masked, positions
from rarebeat.search.space import Point, Space

State = Literal["finished", "failed", "crashed", "killed", "running", "pending", "preempted"]
ENDED_BADLY = ("failed", "crashed", "killed")
PENDING = ("running", "pending", "preempted")
IMPUTES = ("worst", "best", "latest")


@dataclass(frozen=True)
class Run:
    """One run of a sweep.

    Args:
        id: Its name on the server.
        params: The nested parameters that it was given.
        state: Preempted runs are to be resumed, so they count as pending.
        objective: What it came to by the sweep's metric; None, NaN and infinities count as a failure.
        history: All logged values of the metric, in their order.
        inactive: Names of parameters that had no effect in it, nested ones with dots.
    """

    id: str
    params: dict[str, Json]
    state: State
    objective: float | None = None
    history: list[float] = field(default_factory=list)
    inactive: tuple[str, ...] = ()


class Visited:
    """The points that have a run. Points that differ only where a run said "inactive" are the same point."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._keys: dict[tuple[int, ...], set[tuple[Hashable, ...]]] = {}

    def add(self, point: Point, inactive: Iterable[int] = ()) -> None:
        without = tuple(sorted(inactive))
        self._keys.setdefault(without, set()).add(_rest(self._space.key(point), without))

    def covers(self, point: Point) -> bool:
        key = self._space.key(point)
        return any(_rest(key, without) in keys for without, keys in self._keys.items())


def _rest(key: tuple[Hashable, ...], without: tuple[int, ...]) -> tuple[Hashable, ...]:
    return tuple(part for index, part in enumerate(key) if index not in without)


@dataclass(frozen=True)
class Lessons:
    """What engines learn from: results as losses (smaller is better), pending points, points with a run.

    `rules` say which choices make which parameters inactive.
    """

    results: list[tuple[Point, float]]
    pending: list[Point]
    visited: Visited
    rules: tuple[Rule, ...] = ()


def learn(space: Space, runs: list[Run], metric: dict[str, Any]) -> Lessons:
    """Sorts a sweep's runs; those that do not lie in the space are left out.

    `metric` is that of the sweep: goal (default minimize), impute (default worst), impute_while_running
    (default false). As in W&B, `impute` decides what a failed, crashed or killed run counts: the worst value
    of any ended run, its own latest, or its own best. A finished run without a finite value counts as worst.
    """
    sign = -1.0 if metric.get("goal") == "maximize" else 1.0
    ended = [run for run in runs if run.state not in PENDING]
    worst = max((loss for run in ended for loss in _losses(run, sign)), default=0.0)
    placed = [(run, point) for run in runs if (point := space.point(run.params)) is not None]
    rules = learn_rules(
        space, [(point, positions(space, run.inactive)) for run, point in placed if run.state == "finished"]
    )
    lessons = Lessons([], [], Visited(space), rules)
    for run, point in placed:
        # A run that has not said it yet may be covered by what others have said.
        idle = positions(space, run.inactive) or masked(space, rules, point)
        lessons.visited.add(point, idle)
        if (loss := _loss(run, metric, sign, worst)) is None:
            lessons.pending.append(point)
        else:
            lessons.results.append((point, loss))
    return lessons


def _losses(run: Run, sign: float) -> list[float]:
    """All finite values of a run as losses; the last one is its result."""
    return [sign * float(value) for value in (*run.history, run.objective) if is_number(value)]


def _loss(run: Run, metric: dict[str, Any], sign: float, worst: float) -> float | None:
    if run.state in PENDING:
        how = metric.get("impute_while_running", "false")
        # Without a value yet there is nothing to impute: the run stays pending.
        return _imputed(run, str(how), sign, worst) if how in IMPUTES and _losses(run, sign) else None
    if run.state in ENDED_BADLY:
        return _imputed(run, metric.get("impute", "worst"), sign, worst)
    return sign * float(run.objective) if is_number(run.objective) else worst


def _imputed(run: Run, how: str, sign: float, worst: float) -> float:
    losses = _losses(run, sign)
    if how == "worst" or not losses:
        return worst
    return min(losses) if how == "best" else losses[-1]
