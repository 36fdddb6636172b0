"""Tree-structured Parzen estimator, by Optuna.

Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011; multivariate after Falkner et
al., "BOHB", ICML 2018; points under way count as bad ones ("constant liar": Ginsbourger et al. 2010).

The study is built from the runs at every call, so nothing has to be kept or can go out of step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rarebeat.search.dimensions import Choice, Dimension, Lattice
from rarebeat.search.runs import Lessons, Visited
from rarebeat.search.space import Point, Space
from rarebeat.search.unseen import draw_unseen, list_unseen

if TYPE_CHECKING:
    import optuna

STARTUP = 10  # results before the model is asked; until then draws come from the sweep's own distributions
COUNTED = 1_000_000  # steps up to which the model sees whole numbers
ASKS = 10  # of a new point from the model, before the nearest one without a run is taken


def suggest(space: Space, lessons: Lessons, rng: np.random.Generator) -> Point | None:
    searched = [i for i, dimension in enumerate(space.dimensions) if dimension.size != 1]
    if len(lessons.results) < STARTUP or not searched:
        return draw_unseen(space, lessons.visited, rng)
    study = _study(space, searched, lessons, int(rng.integers(2**31)))
    fixed = [next(d.values()) if d.size == 1 else None for d in space.dimensions]
    for _ in range(ASKS):
        # An ask that is not used stays in the study as a running trial and pushes the next one away.
        point = _ask(study, space, searched, fixed)
        if not lessons.visited.covers(point):
            return point
    return _nearest_unseen(space, lessons.visited, point, rng)


def _study(space: Space, searched: list[int], lessons: Lessons, seed: int) -> optuna.Study:
    import optuna  # half a second

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(n_startup_trials=0, multivariate=True, constant_liar=True, seed=seed)
    study = optuna.create_study(sampler=sampler)
    distributions = {str(i): _distribution(space.dimensions[i]) for i in searched}
    for point, loss in lessons.results:
        study.add_trial(_trial(_coordinates(space, searched, point), distributions, value=loss))
    running = optuna.trial.TrialState.RUNNING
    for point in lessons.pending:
        study.add_trial(_trial(_coordinates(space, searched, point), distributions, state=running))
    return study


def _even(dimension: Dimension) -> bool:
    """Whether the model may count the steps of a lattice; otherwise it sees the unit interval."""
    few = isinstance(dimension, Lattice) and dimension.size is not None and dimension.size <= COUNTED
    return few and dimension.evenly_weighted


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    import optuna

    if isinstance(dimension, Choice):
        return optuna.distributions.CategoricalDistribution(list(range(dimension.size)))
    if _even(dimension):
        return optuna.distributions.IntDistribution(dimension.first, dimension.last)
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def _coordinates(space: Space, searched: list[int], point: Point) -> dict[str, int | float]:
    return {str(i): _coordinate(space.dimensions[i], point[i]) for i in searched}


def _coordinate(dimension: Dimension, value: object) -> int | float:
    if isinstance(dimension, Choice) or _even(dimension):
        return dimension.key(value)
    return dimension.unit(value)


def _ask(study: optuna.Study, space: Space, searched: list[int], fixed: list) -> Point:
    trial = study.ask({str(i): _distribution(space.dimensions[i]) for i in searched})
    point = list(fixed)
    for i in searched:
        point[i] = _value(space.dimensions[i], trial.params[str(i)])
    return tuple(point)


def _value(dimension: Dimension, coordinate: int | float) -> object:
    if isinstance(dimension, Choice):
        return list(dimension.values())[coordinate]
    if _even(dimension):
        return dimension.at(coordinate)
    return dimension.value(coordinate)


def _nearest_unseen(space: Space, visited: Visited, point: Point, rng: np.random.Generator) -> Point | None:
    """Of the points without a run the one that shares most values with `point`, ties drawn by `rng`."""
    left = list_unseen(space, visited)
    if not left:
        return draw_unseen(space, visited, rng)
    wanted = space.key(point)
    shared = np.array([sum(a == b for a, b in zip(space.key(other), wanted, strict=True)) for other in left])
    return left[rng.choice(np.flatnonzero(shared == shared.max()))]


def _trial(coordinates: dict, distributions: dict, **outcome: object) -> optuna.trial.FrozenTrial:
    import optuna

    return optuna.trial.create_trial(params=coordinates, distributions=distributions, **outcome)
