"""What a sweep of our own training has to obey beyond W&B's rules: its hyperparameters and its metric."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rarebeat.search import SpaceError, parse_space
from rarebeat.search.dimensions import Choice, Dimension, Range, is_number
from rarebeat.search.distributions import infer, parse
from rarebeat.search.errors import Path, did_you_mean, number_in_yaml
from rarebeat.search.hyperband import bands

TRAINING = "training.train"
AS_FILE = ("training/train.py", "./training/train.py")


@dataclass(frozen=True)
class Finding:
    """One sentence about a sweep and its place in it. `refused` is False for what is only worth saying."""

    sentence: str
    path: Path = ()
    refused: bool = True


@dataclass(frozen=True)
class Table:
    """What `python -m training.hyperparameters` prints: hyperparameters, and patterns of logged metrics."""

    hyperparameters: dict[str, dict[str, Any]]
    metrics: tuple[str, ...]


def runs_our_training(config: dict[str, Any]) -> bool:
    """Whether the agents of this sweep start our training, be it as a file."""
    return any(word in (TRAINING, *AS_FILE) for word in _words(config))


def _words(config: dict[str, Any]) -> list[object]:
    """What agents run, with the program in its place; without a command that is the client's own."""
    command = config.get("command")
    words = command if isinstance(command, list) else ["${program}"]
    return [config.get("program") if word == "${program}" else word for word in words]


def findings(config: dict[str, Any], table: Table) -> list[Finding]:
    """Everything that our training would refuse or that would make the sweep answer another question."""
    parameters = config.get("parameters")
    specs = parameters if isinstance(parameters, dict) else {}
    return [
        *_command_findings(config),
        *(found for name, spec in specs.items() for found in _parameter_findings(name, spec, table)),
        *_metric_findings(config, specs, table),
        *_inactive_findings(specs, table),
        *_stopping_findings(config, specs, table),
    ]


def texts_like_numbers(specs: object, start: Path = ("parameters",)) -> Iterator[Finding]:
    """What YAML reads as text although it looks like a number: a program's own parameter may be either."""
    for name, spec in specs.items() if isinstance(specs, dict) else ():
        path = (*start, name)
        if not isinstance(spec, dict):
            continue
        yield from texts_like_numbers(spec.get("parameters"), (*path, "parameters"))
        values = spec.get("values") if isinstance(spec.get("values"), list) else [spec.get("value")]
        if found := {value: right for value in values if (right := number_in_yaml(value))}:
            given, right = ", ".join(found), ", ".join(found.values())
            key = "values" if "values" in spec else "value"
            sentence = f"parameter {name}: YAML reads {given} as text; for numbers write {right}"
            yield Finding(sentence, (*path, key), refused=False)


def _command_findings(config: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(config.get("command"), list) or TRAINING not in _words(config):
        place = "command" if any(word in AS_FILE for word in config.get("command") or ()) else "program"
        right = '["${env}", "${interpreter}", "-m", "training.train"]'
        yield Finding(
            f"training/train.py cannot import models when run as a file; write command: {right}", (place,)
        )


def _parameter_findings(name: object, spec: object, table: Table) -> Iterator[Finding]:
    path: Path = ("parameters", name)
    if name not in table.hyperparameters:
        hint = (
            did_you_mean(name, table.hyperparameters) or "; `python -m training.hyperparameters` prints all"
        )
        yield Finding(f"{name} is not a hyperparameter{hint}", path)
    elif isinstance(spec, dict) and "parameters" in spec:
        yield Finding(f"{name} takes a value, not nested parameters", path)
    elif (dimension := _dimension(spec)) is not None:
        rule = table.hyperparameters[name]
        if isinstance(dimension, Choice):
            yield from _choice_findings(name, spec, rule)
        else:
            yield from _range_findings(name, spec, dimension, rule)


def _dimension(spec: object) -> Dimension | None:
    """None for an entry that the space refuses: it has been reported there."""
    try:
        return parse(spec) if isinstance(spec, dict) else None
    except SpaceError:
        return None


def _choice_findings(name: str, spec: dict[str, Any], rule: dict[str, Any]) -> Iterator[Finding]:
    if "value" in spec:
        given = [(spec["value"], ("parameters", name, "value"))]
    else:
        given = [(value, ("parameters", name, "values", i)) for i, value in enumerate(spec["values"])]
    for value, path in given:
        if fault := value_fault(name, value, rule):
            yield Finding(fault, path)


def value_fault(name: str, value: object, rule: dict[str, Any]) -> str | None:
    """What is wrong with one value of a hyperparameter, as a sentence; None when nothing is."""
    kind = rule["type"]
    if kind == "choice":
        return _choice_fault(name, value, rule["choices"])
    right_type, wanted = {
        "bool": (isinstance(value, bool), "true or false"),
        "str": (isinstance(value, str), "text; quote it"),
        "int": (is_number(value) and float(value).is_integer(), "a whole number"),
        "float": (is_number(value), "a number"),
    }[kind]
    if not right_type:
        number = number_in_yaml(value) if kind == "float" else None
        hint = f"YAML reads that as text: write {number}" if number else f"it has to be {wanted}"
        return f"{name} is {value!r}; {hint}"
    return _bounds_fault(name, value, rule) if kind in ("int", "float") else None


def _choice_fault(name: str, value: object, choices: list) -> str | None:
    if any(value == choice and type(value) is type(choice) for choice in choices):
        return None
    hint = did_you_mean(value, map(str, choices)) or f"; it has to be one of {', '.join(map(str, choices))}"
    return f"{name} cannot be {value!r}{hint}"


def _bounds_fault(name: str, value: float, rule: dict[str, Any]) -> str | None:
    low, high = rule.get("min"), rule.get("max")
    banned = value in rule.get("except", ())
    if (low is None or value >= low) and (high is None or value <= high) and not banned:
        return None
    if low is None or high is None:
        wanted = f"at most {high}" if low is None else f"at least {low}"
    else:
        wanted = f"from {low} to {high}"
    return f"{name} is {value:g}; it has to be {wanted}{f' and not {value:g}' if banned else ''}"


def _range_findings(
    name: str, spec: dict[str, Any], dimension: Dimension, rule: dict[str, Any]
) -> Iterator[Finding]:
    path, kind, distribution = ("parameters", name), rule["type"], infer(spec)
    if kind not in ("int", "float"):
        choices = rule.get("choices") or [True, False]
        yield Finding(
            f"{name} is no number; write values: {choices}" if kind != "str" else f"{name} is text", path
        )
    elif kind == "int" and (isinstance(dimension, Range) or not float(dimension.q).is_integer()):
        yield Finding(f"{name} takes whole numbers and {distribution} gives others; use integer bounds", path)
    elif kind == "float" and distribution == "int_uniform":
        low, high = float(spec["min"]), float(spec["max"])
        sentence = f"{name} would be searched in whole numbers only; write min: {low} and max: {high}"
        yield Finding(f"{sentence}, or values if whole numbers are meant", path)
    elif found := list(_extreme_findings(name, dimension, distribution, rule)):
        yield from found
    else:
        for value in (one for one in rule.get("except", ()) if dimension.unit(one) is not None):
            sentence = f"{name} could come to {value}, which it cannot be; write values without it"
            yield Finding(sentence, path)


def _extreme_findings(name: str, dimension: Dimension, how: str, rule: dict[str, Any]) -> Iterator[Finding]:
    for key, value in (("min", dimension.value(0.0)), ("max", dimension.value(1.0))):
        if fault := _bounds_fault(name, value, rule):
            exponents = how in ("log_uniform", "q_log_uniform", "inv_log_uniform")
            hint = f" ({how} takes exponents; {how}_values takes values)" if exponents else ""
            yield Finding(f"{fault}{hint}", ("parameters", name, key))


def pattern(metric: str) -> re.Pattern[str]:
    """A logged name with `{class}` in it matches any slug there."""
    return re.compile("[A-Za-z0-9_-]+".join(map(re.escape, re.split(r"\{\w+\}", metric))))


def best_direction(metric: str) -> str | None:
    """Which goal makes sense of one of our metrics; None where neither does."""
    group, _, name = metric.partition("/")
    if group not in ("train", "val", "best") or name.startswith("threshold"):
        return None
    return "minimize" if name == "loss" or "calibration" in name else "maximize"


def _metric_findings(config: dict[str, Any], specs: dict[str, Any], table: Table) -> Iterator[Finding]:
    metric = config.get("metric")
    right = "write metric: {name: best/macro_auprc, goal: maximize}"
    if isinstance(config.get("metrics"), list):
        yield from _several_findings(config["metrics"], table)
        return
    if metric is None:
        yield Finding(f"there is no metric, so nothing says which run is best; {right}")
        return
    name = metric.get("name") if isinstance(metric, dict) else None
    if not isinstance(name, str):
        return
    if not _is_logged(name, table):
        yield _not_logged(name, table, ("metric", "name"))
        return
    yield from _goal_findings(name, metric)
    if name.endswith("/loss"):
        yield from _loss_findings(name, specs, table)


def _is_logged(name: str, table: Table) -> bool:
    return any(pattern(logged).fullmatch(name) for logged in table.metrics)


def _not_logged(name: str, table: Table, path: Path) -> Finding:
    hint = did_you_mean(name, table.metrics) or "; best/macro_auprc is the usual one"
    return Finding(f"no run logs the metric {name}{hint}", path)


def _several_findings(metrics: list[Any], table: Table) -> Iterator[Finding]:
    names = [one.get("name") if isinstance(one, dict) else None for one in metrics]
    for index, name in enumerate(names):
        if isinstance(name, str) and not _is_logged(name, table):
            yield _not_logged(name, table, ("metrics", index, "name"))
    sentence = "of several metrics none says which run is best: rank with rarebeat leaderboard --sort METRIC"
    yield Finding(sentence, ("metrics",), refused=False)


def _goal_findings(name: str, metric: dict[str, Any]) -> Iterator[Finding]:
    wanted = best_direction(name)
    if wanted and metric.get("goal", "minimize") == ("maximize" if wanted == "minimize" else "minimize"):
        given = "goal is minimize" if "goal" in metric else "without a goal W&B minimizes"
        where = ("metric", "goal") if "goal" in metric else ("metric",)
        given = "goal is maximize" if wanted == "minimize" else given
        yield Finding(f"{given}, but the best run has the {_end(wanted)} {name}; write goal: {wanted}", where)


def _end(goal: str) -> str:
    return "lowest" if goal == "minimize" else "highest"


def _loss_findings(name: str, specs: dict[str, Any], table: Table) -> Iterator[Finding]:
    shaping = [
        key
        for key, rule in table.hyperparameters.items()
        if key in ("loss", "link") or "loss" in rule.get("active", {})
    ]
    moving = [key for key in shaping if (d := _dimension(specs.get(key))) is not None and d.size != 1]
    if moving:
        sentence = f"{name} is not comparable between runs that differ in {', '.join(moving)}"
        yield Finding(f"{sentence}; best/macro_auprc is", ("metric", "name"), refused=False)


def _inactive_findings(specs: dict[str, Any], table: Table) -> Iterator[Finding]:
    for name, spec in specs.items():
        rule = table.hyperparameters.get(name, {})
        dimension = _dimension(spec)
        if dimension is None or dimension.size == 1:
            continue
        for other, wanted in rule.get("active", {}).items():
            possible = _possible(other, specs, table)
            if possible is not None and not set(map(str, possible)) & set(map(str, wanted)):
                is_now = " or ".join(map(str, possible))
                sentence = f"{name} is searched but has no effect: {other} is {is_now}"
                wish = " or ".join(map(str, wanted))
                yield Finding(
                    f"{sentence}, and it counts only with {other} {wish}", ("parameters", name), False
                )
        needs = rule.get("needs", ())
        if needs and all(_possible(other, specs, table) in ([0], [0.0], [""]) for other in needs):
            sentence = f"{name} is searched but has no effect while {', '.join(needs)}"
            yield Finding(f"{sentence} {'is' if len(needs) == 1 else 'are'} off", ("parameters", name), False)


def _possible(name: str, specs: dict[str, Any], table: Table) -> list | None:
    """The values that a sweep lets a hyperparameter take (its default if silent); None if unknown."""
    if name not in specs:
        return [table.hyperparameters.get(name, {}).get("default")]
    dimension = _dimension(specs[name])
    return list(dimension.values()) if isinstance(dimension, Choice) else None


def _stopping_findings(config: dict[str, Any], specs: dict[str, Any], table: Table) -> Iterator[Finding]:
    metric = config.get("metric")
    if not config.get("early_terminate") or not isinstance(metric, dict):
        return
    path = ("early_terminate",)
    if str(metric.get("name")).startswith("val/"):
        right = str(metric["name"]).replace("val/", "best/", 1)
        yield Finding(f"hyperband reads the value at the band, not the best so far; use {right}", path, False)
    if any(_possible("folds", specs, table) or [0]):
        sentence = "with folds the objective is logged once a fold, so the bands count folds, not epochs"
        yield Finding(sentence, path, False)


def late_bands(config: dict[str, Any], table: Table) -> list[Finding]:
    """What early termination of a sweep that is fine cannot do: a band counts only before a run's end."""
    rule = config.get("early_terminate")
    if not rule:
        return []
    # `min_iter` has bands without end, and the first of them is enough to stop a run.
    marks = list(itertools.islice(bands(rule), None if "max_iter" in rule else 1))
    longest, what = _most_values(config, table)
    late = [mark for mark in marks if longest is not None and mark >= longest]
    if not marks:
        sentence = f"no run is ever stopped: max_iter {rule['max_iter']} has no band; write max_iter: 27, say"
    elif not late:
        return []
    elif late == marks:
        over = f"when a run of {longest} {what} is over"
        sentence = f"no run is ever stopped: the first band is at {marks[0]} values, {over}"
    else:
        listed = ", ".join(map(str, late))
        sentence = f"no run is stopped at {listed} values: a run of {longest} {what} is over by then"
    return [Finding(sentence, ("early_terminate",), refused=False)]


def _most_values(config: dict[str, Any], table: Table) -> tuple[int | None, str]:
    """How often the longest run of a sweep logs its metric, and in what that is counted."""
    specs, running_best = config["parameters"], str(config["metric"]["name"]).startswith("best/")
    folds, epochs = (_largest(name, specs, table) for name in ("folds", "epochs"))
    if not folds:
        return epochs, "epochs"
    # The running best of a run over folds is logged after each of them.
    return (folds, "folds") if running_best else (epochs and epochs * folds, "epochs of all folds")


def _largest(name: str, specs: dict[str, Any], table: Table) -> int | None:
    possible = _possible(name, specs, table)
    if possible is None:
        possible = [_dimension(specs[name]).value(1.0)]
    return None if None in possible else int(max(possible))


def size_of(config: dict[str, Any]) -> tuple[int, int, int | None]:
    """Of a sweep that is fine: its parameters, how many of them vary, and its points (None without end)."""
    space = parse_space(config["parameters"])
    varied = sum(dimension.size != 1 for dimension in space.dimensions)
    return len(space.dimensions), varied, space.size


def runs_in_all(config: dict[str, Any]) -> int | None:
    """How many runs a sweep comes to; None where it has no end, or cannot be searched here."""
    try:
        ends = [n for n in (config.get("run_cap"), size_of(config)[2]) if n is not None]
    except SpaceError:
        return None
    return min(ends) if ends else None
