"""Runs of one configuration as one line, several sweeps in one ranking, and only the runs asked for."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import yaml

from data_utils.errors import BadInput
from rarebeat.ranking import Ranking
from rarebeat.search.errors import number_in_yaml
from rarebeat.sweep_runs import Entry, SweepRuns

# What may differ between two runs of one configuration.
NOT_CONFIGURATION = ("seed",)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


def configuration(entry: Entry) -> tuple[tuple[str, str], ...]:
    """What runs of one configuration have in common: active hyperparameters but the seed, and the data."""
    left_out, digest = {*NOT_CONFIGURATION, *entry.inactive}, entry.dataset.get("digest")
    if digest:
        # Wherever the file lies, it is the same.
        left_out.add("data")
    active = {name: repr(value) for name, value in entry.config.items() if name not in left_out}
    return (("dataset", str(digest)), *sorted(active.items()))


def together(ranking: Ranking) -> Ranking:
    """The ranking with the runs of each configuration as one entry: the mean of what they logged, the sum of
    their time, under the name of the first.
    """
    groups: dict[tuple, list[Entry]] = {}
    for entry in (run for one in ranking.ranked for run in one.members or (one,)):
        groups.setdefault(configuration(entry), []).append(entry)
    sign = -1 if ranking.goal == "maximize" else 1
    merged = [_merge(runs) for runs in groups.values()]
    merged.sort(key=lambda entry: (sign * entry.summary[ranking.metric], entry.id))
    return replace(ranking, ranked=tuple(merged))


def _merge(runs: Sequence[Entry]) -> Entry:
    if len(runs) == 1:
        return runs[0]
    names = [name for name in runs[0].summary if all(name in run.summary for run in runs)]
    summary = {name: float(np.mean([run.summary[name] for run in runs])) for name in names}
    if "_runtime" in summary:
        summary["_runtime"] = float(sum(run.summary["_runtime"] for run in runs))
    return replace(runs[0], summary=summary, members=tuple(runs))


def in_order(ranking: Ranking) -> list[Entry]:
    """All runs, the best configuration first, of each the best first: the order in which models are taken
    and kept.
    """
    return [run for entry in together(ranking).ranked for run in entry.members or (entry,)]


def join(sweeps: Sequence[SweepRuns]) -> SweepRuns:
    """Several sweeps as one.

    Raises:
        BadInput: they optimise different things.
    """
    first = sweeps[0]
    for other in sweeps[1:]:
        if (other.metric, other.goal) != (first.metric, first.goal):
            raise BadInput(
                f"{first.path} is ranked by {first.metric} ({first.goal}) and {other.path} by {other.metric} "
                f"({other.goal}), which do not compare: rank each by itself."
            )
    return replace(
        first,
        path=" + ".join(sweep.path for sweep in sweeps),
        url=" ".join(sweep.url for sweep in sweeps),
        searched=tuple(dict.fromkeys(name for sweep in sweeps for name in sweep.searched)),
        entries=tuple({entry.path: entry for sweep in sweeps for entry in sweep.entries}.values()),
    )


def only(runs: SweepRuns, conditions: Iterable[str]) -> SweepRuns:
    """The runs that meet every condition, such as `loss=focal`, `dropout<0.3`, `val/f1/S>=0.2`.

    A run without the name, or in which the hyperparameter has no effect, does not meet it.

    Raises:
        BadInput: no condition, a name that no run has, or one that no run meets.
    """
    for condition in conditions:
        name, compare, value, text = _parse(condition)
        if not any(name in _values(entry) for entry in runs.entries):
            raise BadInput(f"--filter {condition!r}: no run has {name}")
        kept = tuple(entry for entry in runs.entries if _meets(entry, name, compare, value, text))
        if not kept:
            raise BadInput(f"--filter {condition!r}: no run meets it")
        runs = replace(runs, entries=kept)
    return runs


def _parse(condition: str) -> tuple[str, Callable[[Any, Any], bool], Any, str]:
    """Name, comparison, the value as YAML reads it, and as it is written for what is text in a run."""
    found = re.fullmatch(r"\s*([^\s=<>!]+)\s*(!=|<=|>=|=|<|>)\s*(.+?)\s*", condition)
    if not found:
        raise BadInput(f"--filter {condition!r} is no condition: write loss=focal, dropout<0.3 or seed!=0")
    name, sign, text = found.groups()
    try:
        # In YAML 1e-3 is text, and nobody filters by that.
        value = yaml.safe_load(number_in_yaml(text) or text)
    except yaml.YAMLError as error:
        raise BadInput(f"--filter {condition!r}: the value is not YAML, so quote it") from error
    return name, COMPARISONS[sign], value, value if isinstance(value, str) else text


def _values(entry: Entry) -> Mapping[str, Any]:
    active = {name: value for name, value in entry.config.items() if name not in entry.inactive}
    return {**entry.summary, **active, "run": entry.id, "state": entry.state}


def _meets(entry: Entry, name: str, compare: Callable[[Any, Any], bool], value: Any, text: str) -> bool:
    values = _values(entry)
    if isinstance(values.get(name), str) and compare in (operator.eq, operator.ne):
        # Layers of "64", or a run called 12345678.
        value = text
    try:
        return name in values and bool(compare(values[name], value))
    except TypeError as error:
        raise BadInput(f"--filter: {name} is {values[name]!r}, which cannot be compared so") from error
