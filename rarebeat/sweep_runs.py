"""Find a sweep by what people type, and read its runs once, as plain values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

from data_utils.errors import BadInput
from rarebeat.backend import client_errors
from rarebeat.server.sweep_runs import objective

if TYPE_CHECKING:
    import wandb
    from wandb.apis.public import Run, Sweep

PAGE = 200


@dataclass(frozen=True)
class Entry:
    """One run of a sweep.

    Attributes:
        id, name, state: as the backend has them.
        objective: the summary's value of the sweep's metric; None where there is none or it is not finite.
        config: hyperparameters by dotted name.
        inactive: names of those that have no effect in this run.
        summary: the run's numbers by logged name (not finite ones left out).
        dataset: what the run says about its data (digest, simulated, ranked_classes, …).
        created: when the run was made, in ISO 8601.
        path: ENTITY/PROJECT/RUN.
        members: the runs that it stands for, where it is the mean of several.
    """

    id: str
    name: str
    state: str
    objective: float | None
    config: Mapping[str, Any] = field(default_factory=dict)
    inactive: frozenset[str] = frozenset()
    summary: Mapping[str, float] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    path: str = ""
    members: tuple[Entry, ...] = ()

    def per_class(self, metric: str) -> dict[str, float]:
        """`val/{metric}/{class}` by class."""
        start = f"val/{metric}/"
        return {name[len(start) :]: value for name, value in self.summary.items() if name.startswith(start)}

    @property
    def epochs(self) -> int | None:
        """Epochs logged, of the last fold where there are folds."""
        return int(self.summary["epoch"]) if "epoch" in self.summary else None

    @property
    def seconds(self) -> float | None:
        """Wall-clock time, s."""
        return self.summary.get("_runtime")


@dataclass(frozen=True)
class SweepRuns:
    """A sweep as it stands: where it is, what it optimises, what it searches, and its runs."""

    path: str
    url: str
    state: str
    metric: str
    goal: str
    searched: tuple[str, ...]
    entries: tuple[Entry, ...]

    def better(self, one: float, other: float) -> bool:
        """Whether objective `one` beats `other`."""
        return one > other if self.goal == "maximize" else one < other


def find_sweep(api: wandb.Api, path: str) -> Sweep:
    """The sweep at ENTITY/PROJECT/SWEEP, PROJECT/SWEEP, its web address, or its id alone.

    Raises:
        BadInput: no such sweep, or an id that several projects have.
    """
    parts = _parts(path)
    if not 1 <= len(parts) <= 3:
        raise BadInput(f"{path!r} is no path of a sweep: write ENTITY/PROJECT/SWEEP")
    with client_errors():
        entity = parts[0] if len(parts) == 3 else api.settings["entity"] or api.default_entity
        projects = [parts[-2]] if len(parts) > 1 else _projects(api, entity)
        found = [sweep for project in projects if (sweep := _sweep(api, f"{entity}/{project}/{parts[-1]}"))]
    if not found:
        raise BadInput(f"there is no sweep {path} on {api.settings['base_url']}")
    if len(found) > 1:
        several = ", ".join(sweep_path(sweep) for sweep in found)
        raise BadInput(f"several projects have a sweep {path}: write one of {several}")
    return found[0]


def _parts(path: str) -> list[str]:
    """What a path or a web address names. A browser's has `sweeps` in it, may end in ?nw=…, and writes a
    blank as %20; the client writes +.
    """
    if address := re.match(r"https?://[^/]+/([^?#]*)", path):
        path = unquote_plus(address[1])
    parts = [part for part in path.split("/") if part]
    # A project may have that name too.
    return parts if parts[2:3] != ["sweeps"] else [*parts[:2], *parts[3:]]


def _projects(api: wandb.Api, entity: str) -> list[str]:
    if api.settings["project"]:
        return [api.settings["project"]]
    return [project.name for project in api.projects(entity)]


def _sweep(api: wandb.Api, path: str) -> Sweep | None:
    # The client says ValueError for a missing sweep, and CommError where a server misses the project.
    from wandb.errors import AuthenticationError, CommError

    try:
        return api.sweep(path)
    except AuthenticationError:
        raise
    except (ValueError, CommError) as error:
        if isinstance(error, ValueError) or re.search("not f(i|ou)nd", str(error), re.IGNORECASE):
            return None
        raise


def sweep_path(sweep: Sweep) -> str:
    """ENTITY/PROJECT/SWEEP."""
    return f"{sweep.entity}/{sweep.project}/{sweep.id}"


def read_sweep(api: wandb.Api, sweep: Sweep) -> SweepRuns:
    """Read the sweep's runs in their present state."""
    with client_errors():
        # The client remembers the runs that it has seen, in the state that they were in.
        api.flush()
        sweep.load(force=True)
        config = sweep.config
        metric = config.get("metric") or {}
        runs = api.runs(f"{sweep.entity}/{sweep.project}", {"sweep": sweep.id}, per_page=PAGE, lazy=False)
        entries = tuple(read_entry(run, metric) for run in runs)
        return SweepRuns(
            path=sweep_path(sweep),
            url=sweep.url,
            state=str(sweep.state),
            metric=metric.get("name", ""),
            goal=metric.get("goal", "minimize"),
            searched=searched(config.get("parameters") or {}),
            entries=entries,
        )


def read_entry(run: Run, metric: Mapping[str, Any]) -> Entry:
    """One run of the client's as plain values.

    Args:
        metric: the sweep's. Where the run's `define_metric` summarises it, it counts as that says.
    """
    config, logged = dict(run.config), dict(run.summary_metrics)
    added = _added(config)
    summary, value = numbers(logged), objective(logged, metric)
    if value is not None:
        summary[metric["name"]] = value
    return Entry(
        id=run.id,
        name=run.name or run.id,
        state=run.state,
        objective=value,
        config=flatten({k: v for k, v in config.items() if k not in added}),
        inactive=frozenset(config["inactive"] if "inactive" in added else ()),
        summary=summary,
        dataset=config["dataset"] if "dataset" in added else {},
        created=str(run.created_at or ""),
        # The client has it quoted, and quotes again what it is asked for.
        path="/".join(map(unquote, run.path)),
    )


def _added(config: Mapping[str, Any]) -> set[str]:
    """What a run has added to its config beside the hyperparameters, which may have the same names in another
    program than ours.
    """
    dataset = config.get("dataset")
    ours = {"dataset", "versions"} if isinstance(dataset, Mapping) and "digest" in dataset else set()
    return ours | ({"inactive"} if isinstance(config.get("inactive"), list) else set())


def numbers(summary: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers of a summary by name; nested ones by dotted name."""
    flat = flatten(summary)
    real = {k: v for k, v in flat.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    return {k: v for k, v in real.items() if math.isfinite(v)}


def flatten(values: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    """Nested mappings as one with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{start}{name}.")
        else:
            flat[f"{start}{name}"] = value
    return flat


def searched(parameters: Mapping[str, Any], start: str = "") -> tuple[str, ...]:
    """Dotted names of the parameters that a sweep varies: those with more than one possible value."""
    names: list[str] = []
    for name, parameter in parameters.items():
        if "parameters" in parameter:
            names += searched(parameter["parameters"], f"{start}{name}.")
        elif "value" not in parameter and len(parameter.get("values", "ab")) > 1:
            names.append(f"{start}{name}")
    return tuple(names)
