"""What runs can be sorted by and shown with: metrics, parameters, and what the server knows of them.

In addresses a metric goes by its name, a parameter by `config.` and its name, and the rest by `run.` and its.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rarebeat.server.errors import RequestError

Sql = tuple[str, list[Any]]

RUN = {
    "run.name": "coalesce(runs.display_name, runs.name)",
    "run.state": "runs.state",
    "run.created": "runs.created_at",
    "run.seconds": "json_extract(runs.summary_json, '$._runtime')",
}
HEADINGS = {
    "run.name": "run",
    "run.state": "state",
    "run.created": "started",
    "run.seconds": "duration",
}
FAMILY = 6  # members of a family of metrics that are shown unasked


def sql_of(key: str, goal: str = "") -> Sql:
    """The expression of a column on table `runs`, with its values.

    Raises:
        RequestError: on a name that SQLite's paths cannot hold.
    """
    if key in RUN:
        return RUN[key], []
    if key.startswith("config."):
        return _parameter_sql(key.removeprefix("config."))
    return metric_sql(key, goal)


def metric_sql(name: str, goal: str = "") -> Sql:
    """The expression of a metric: what `sweep_runs.objective` reads, for SQLite to sort by."""
    kept = ("max" if goal == "maximize" else "min", "best", "last", "mean")
    parts = name.split(".")
    found, values = [], []
    for place in [[name], parts] if len(parts) > 1 else [[name]]:
        inner = ", ".join(["json_extract(runs.summary_json, ?)"] * len(kept))
        # Nearly always it is a plain number: each further look costs ten thousand runs their time.
        found.append(
            "CASE json_type(runs.summary_json, ?) WHEN 'object' "
            f"THEN coalesce({inner}) ELSE json_extract(runs.summary_json, ?) END"
        )
        values += [_path(*place), *(_path(*place, one) for one in kept), _path(*place)]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})", values


def metric_paths(name: str) -> list[str]:
    """Where in a summary the metric may be: under its name as it stands, and as a path."""
    parts = name.split(".")
    return [_path(name), *([_path(*parts)] if len(parts) > 1 else [])]


def _parameter_sql(name: str) -> Sql:
    """What the sweep chose, else what the run was given; a dotted name may be one of nested ones."""
    first, *below = name.split(".")
    given = [_path(name), *([_path(first, *below)] if below else [])]
    stored = [_path(name, "value"), *([_path(first, "value", *below)] if below else [])]
    found = ["json_extract(runs.params_json, ?)"] * len(given)
    found += ["json_extract(runs.config_json, ?)"] * len(stored)
    return f"coalesce({', '.join(found)})", [*given, *stored]


def _path(*parts: str) -> str:
    if not all(map(has_path, parts)):
        raise RequestError("runs cannot be sorted by a name that holds quotes or backslashes")
    return "$" + "".join(f'."{part}"' for part in parts)


def has_path(name: str) -> bool:
    """Whether SQLite can look the name up in JSON, and so sort by it."""
    return not set(name) & set('"\\\0')


def numbers_in(summary: Mapping[str, Any]) -> list[str]:
    """The metrics of a summary that are numbers, or hold one as `define_metric` writes it."""
    return [
        name
        for name, value in summary.items()
        if not name.startswith("_") and has_path(name) and _is_number(value)
    ]


def _is_number(value: Any) -> bool:
    if isinstance(value, dict):
        return "_type" not in value and any(
            _is_number(value.get(key)) for key in ("min", "max", "best", "last", "mean")
        )
    return isinstance(value, int | float) and not isinstance(value, bool)


def family(objective: str, metrics: Iterable[str]) -> list[str]:
    """What the objective is the average of: `best/auprc/x` where that is `best/macro_auprc`."""
    place, _, name = objective.rpartition("/")
    stem = re.sub(r"^(macro|mean|average|avg)_", "", name)
    begin = f"{place}/{stem}/" if place else f"{stem}/"
    return [metric for metric in metrics if metric.startswith(begin)][:FAMILY]


def searched(config: Mapping[str, Any]) -> list[str]:
    """The sweep's parameters that can have more than one value, `a.b` where they are nested."""
    return list(_searched(config.get("parameters"), ""))


def _searched(parameters: Any, begin: str) -> Iterable[str]:
    for name, given in parameters.items() if isinstance(parameters, dict) else ():
        if isinstance(given, dict) and isinstance(given.get("parameters"), dict):
            yield from _searched(given["parameters"], f"{begin}{name}.")
        elif isinstance(given, dict) and "value" not in given:
            values = given.get("values")
            if not isinstance(values, list) or len(values) > 1:
                yield f"{begin}{name}"
