"""Early termination as W&B documents it: hyperband's brackets on the logged values of the metric.

Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rarebeat.search.dimensions import is_number
from rarebeat.search.runs import Run

DEFAULT_ETA = 3


def bands(rule: dict[str, Any]) -> Iterator[int]:
    """After how many logged values runs are compared, rising; without end for `min_iter`.

    `min_iter: 3, eta: 3` gives 3, 9, 27, ...; `max_iter: 27, s: 2, eta: 3` gives 3, 9. Where both are given
    `max_iter` counts, as in W&B, unless `s` is missing, which is `max_iter`'s alone.
    """
    eta = rule.get("eta", DEFAULT_ETA)
    if {"max_iter", "s"} <= rule.keys():
        yield from sorted(set(_falling(rule["max_iter"], eta, int(rule["s"]))))
        return
    band = float(rule["min_iter"])
    while True:
        yield int(band)
        band *= eta


def _falling(band: float, eta: float, steps: int) -> Iterator[int]:
    for _ in range(steps):
        band /= eta
        if band < 1:  # an s that is too large would overflow eta**s
            return
        yield int(band)


def to_stop(config: dict[str, Any], runs: list[Run]) -> list[str]:
    """The ids of the running runs that are not among the best 1/eta at the last band that they have reached.

    At a band of b the value that counts is the b-th logged one. A run is stopped when it is worse than the
    threshold, the value at position n // eta of the n sorted values there: ties stay, and so does the first
    run to come. With `strict: false` the run's best value so far is held against the threshold instead of its
    value at the band, which stops fewer. Values that are not finite are not counted as logged.
    """
    rule = config.get("early_terminate")
    if not rule:
        return []
    sign = -1.0 if (config.get("metric") or {}).get("goal") == "maximize" else 1.0
    losses = {run.id: [sign * value for value in run.history if is_number(value)] for run in runs}
    running = [run.id for run in runs if run.state == "running"]
    return [run for run in running if _is_behind(losses[run], list(losses.values()), rule)]


def _is_behind(losses: list[float], everyone: list[list[float]], rule: dict[str, Any]) -> bool:
    band = _last_band(rule, len(losses))
    if band is None:
        return False
    there = sorted(other[band - 1] for other in everyone if len(other) >= band)
    threshold = there[int(len(there) / rule.get("eta", DEFAULT_ETA))]
    own = losses[band - 1] if rule.get("strict", True) else min(losses)
    return own > threshold


def _last_band(rule: dict[str, Any], logged: int) -> int | None:
    reached = None
    for band in bands(rule):
        if band > logged:
            break
        reached = band
    return reached
