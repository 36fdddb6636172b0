"""Bayesian optimisation: a Gaussian process and its expected improvement, for mixed spaces and few runs.

Jones et al., "Efficient global optimization of expensive black-box functions", 1998. Runs under way are taken
to end where the model expects them (Ginsbourger et al., "Kriging is well-suited to parallelize optimization",
2010); parameters that have no effect where other choices stand are neither modelled nor varied there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from rarebeat.search.axes import Chart
from rarebeat.search.design import spread
from rarebeat.search.gaussian import GaussianProcess
from rarebeat.search.improvement import log_expected_improvement
from rarebeat.search.posterior import draw_settings
from rarebeat.search.runs import Lessons
from rarebeat.search.space import Point, Space
from rarebeat.search.targets import normalised
from rarebeat.search.unseen import draw_unseen, list_unseen

MOST_MODELLED = 350  # runs; of more, the best half and a random half of the others
MOST_FITTED = 160  # runs that the model's settings are drawn by
LISTED = 1500  # points of a space that are all compared, instead of candidates
DRAWN = 600  # candidates anywhere
STARTS = 12  # of the best candidates and runs, from which neighbours are tried
NEIGHBOURS = 30  # of each
REACHES = (0.2, 0.1, 0.05, 0.02)  # of the neighbours' steps, round by round


Value = Callable[[np.ndarray], np.ndarray]  # of candidate rows, the higher the better


def suggest(space: Space, lessons: Lessons, rng: np.random.Generator) -> Point | None:
    chart = Chart(space, lessons.rules)
    if not chart.axes:
        return draw_unseen(space, lessons.visited, rng)
    # Training on the same machine occupies the cores: more threads would wait for each other.
    with threadpool_limits(limits=1):
        taken = [point for point, _ in lessons.results] + lessons.pending
        first = startup(len(chart.axes))
        # Runs under way count: they fill the space too, and half of the results are enough to begin.
        if len(taken) < first or len(lessons.results) < first // 2:
            rows = spread(chart, chart.rows(taken), rng)
        else:
            rows = _promising(space, chart, lessons, rng)
    points = (chart.point(row) for row in rows)
    found = next((point for point in points if not lessons.visited.covers(point)), None)
    return draw_unseen(space, lessons.visited, rng) if found is None else found


def startup(axes: int) -> int:
    """How many runs there are before the model is asked."""
    return min(max(2 * axes, 4), 8)


def _promising(space: Space, chart: Chart, lessons: Lessons, rng: np.random.Generator) -> np.ndarray:
    """Rows of candidates, the highest expected improvement first: its mean over the settings drawn."""
    model = _model(chart, lessons, rng)
    lowest = model.predict(model.rows)[0].min(axis=1, keepdims=True)
    model = model.believing(chart.rows(lessons.pending))

    def value(rows: np.ndarray) -> np.ndarray:
        # The sum over the settings, which orders rows as their mean does.
        return np.logaddexp.reduce(log_expected_improvement(*model.predict(rows), lowest))

    if space.size is not None and space.size <= LISTED:
        rows = chart.rows(list_unseen(space, lessons.visited))
        return rows[np.argsort(-value(rows), kind="stable")] if len(rows) else rows
    return _climb(chart, model, value, rng)


def _climb(chart: Chart, model: GaussianProcess, value: Value, rng: np.random.Generator) -> np.ndarray:
    """From draws anywhere and the best runs to ever nearer neighbours of the best candidates."""
    known = model.rows[np.argsort(model.targets, kind="stable")[:STARTS]]
    taken = {row.tobytes() for row in model.rows}
    rows = _without(chart.draw(rng, DRAWN), taken)
    values = value(rows)
    for reach in REACHES:
        top = rows[np.argsort(-values, kind="stable")[:STARTS]]
        begin = np.repeat(np.vstack([top, known]), NEIGHBOURS, axis=0)
        near = _without(chart.move(rng, begin, reach), taken)
        rows, values = np.vstack([rows, near]), np.append(values, value(near))
    return rows[np.argsort(-values, kind="stable")]


def _without(rows: np.ndarray, taken: set[bytes]) -> np.ndarray:
    """The rows that are new, which `taken` takes note of: a corner is reached from everywhere."""
    new = []
    for index, row in enumerate(rows):
        if (key := row.tobytes()) not in taken:
            taken.add(key)
            new.append(index)
    return rows[new]


def _model(chart: Chart, lessons: Lessons, rng: np.random.Generator) -> GaussianProcess:
    losses = np.array([loss for _, loss in lessons.results])
    targets = normalised(losses)
    chosen = _subset(losses, MOST_MODELLED, rng)
    rows, targets = chart.rows([lessons.results[i][0] for i in chosen]), targets[chosen]
    fitted = _subset(targets, MOST_FITTED, rng)
    settings = draw_settings(rows[fitted], targets[fitted], chart.unordered, rng)
    return GaussianProcess(rows, targets, chart.unordered, settings)


def _subset(losses: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of at most `most` runs: the better half of them the best there are, the others any."""
    order = np.argsort(losses, kind="stable")
    if len(order) <= most:
        return np.arange(len(losses))
    others = rng.choice(order[most // 2 :], size=most - most // 2, replace=False)
    return np.sort(np.append(order[: most // 2], others))
