"""A sweep's runs as its search sees them, and whether the sweep is over."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rarebeat.server import filters
from rarebeat.server.leases import UNDER_WAY, waiting_run
from rarebeat.server.metric_names import lookup
from rarebeat.server.store import Row

if TYPE_CHECKING:
    from rarebeat.search import Run


def objective(summary: dict[str, Any], metric: dict[str, Any]) -> float | None:
    """The run's value of the sweep's metric, None where it has no finite one.

    The name may hold dots, or be a path of nested keys; a summary made by `define_metric` is {"min": ...}.
    """
    name = metric.get("name")
    if not isinstance(name, str):
        return None
    value = lookup(summary, name)
    if isinstance(value, dict):
        preferred = ("max", "best") if metric.get("goal") == "maximize" else ("min", "best")
        value = next((value[key] for key in (*preferred, "last", "mean") if key in value), None)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def result(
    summary: dict[str, Any], metric: dict[str, Any], logged: Callable[[], list[float | None]]
) -> float | None:
    """What a finished run came to: the best value that it has logged, as W&B's engine takes it.

    That is `metric_extremum` of PyPI `sweeps` 0.3.0. The summary alone counts where `define_metric` says what
    it holds, and for metrics under `best/`: these are running bests, or means of them over the parts of a run
    so far, whose highest is but the luckiest start.

    Args:
        logged: gives the values of the metric; asked only where they count.
    """
    value, name = objective(summary, metric), metric.get("name")
    if not isinstance(name, str) or name.startswith("best/") or isinstance(lookup(summary, name), dict):
        return value
    finite = [one for one in (*logged(), value) if one is not None]
    return (max if metric.get("goal") == "maximize" else min)(finite, default=None)


def runs_of(db: sqlite3.Connection, sweep: Row) -> list[Row]:
    """The sweep's runs and the earlier ones that it was told to learn from, the earlier ones first."""
    rows = db.execute("SELECT * FROM runs WHERE sweep_id = ? ORDER BY id", (sweep["id"],)).fetchall()
    if not sweep["prior_runs_json"]:
        return rows
    condition, values = filters.where(json.loads(sweep["prior_runs_json"]))
    earlier = db.execute(
        f"SELECT * FROM runs WHERE project_id = ? AND sweep_id IS NOT ? AND {condition} ORDER BY id",
        (sweep["project_id"], sweep["id"], *values),
    ).fetchall()
    return [*earlier, *rows]


def params_of(run: Row, config: dict[str, Any]) -> dict[str, Any]:
    """What the sweep chose for the run; for a run that it did not make, what the run's config says."""
    if run["params_json"] is not None:
        return json.loads(run["params_json"])
    stored = json.loads(run["config_json"])
    names = config.get("parameters") or {}
    return {
        name: stored[name]["value"]
        for name in names
        if isinstance(stored.get(name), dict) and "value" in stored[name]
    }


def as_searched(db: sqlite3.Connection, run: Row, config: dict[str, Any], with_history: bool) -> Run:
    """The run with its parameters and its result; `with_history` says whether logged values count too."""
    from rarebeat.search import Run

    metric = config.get("metric") or {}
    summary = json.loads(run["summary_json"])
    value = objective(summary, metric)
    state = run["state"]
    stopped_early = state == "killed" and run["stop_reason"] == "early_terminate"
    # A bayes sweep of a thousand runs needs none of what each had logged.
    history = metric_values(db, run["id"], metric) if with_history else []
    if state == "finished" or stopped_early:
        value = result(summary, metric, lambda: history or metric_values(db, run["id"], metric))
    if stopped_early and value is not None:
        # What it reached until it was stopped is a result, not a failure.
        state = "finished"
    return Run(run["name"], params_of(run, config), state, value, history, inactive(run))


def inactive(run: Row) -> tuple[str, ...]:
    said = json.loads(run["config_json"]).get("inactive")
    names = said.get("value") if isinstance(said, dict) else None
    return tuple(names) if isinstance(names, list) and all(isinstance(x, str) for x in names) else ()


def metric_values(db: sqlite3.Connection, run: int, metric: dict[str, Any]) -> list[float]:
    """All logged values of the metric, in their order."""
    rows = db.execute(
        "SELECT body FROM lines WHERE run_id = ? AND stream = 'history' ORDER BY number", (run,)
    )
    values = (objective(json.loads(row["body"]), metric) for row in rows)
    return [value for value in values if value is not None]


def is_full(db: sqlite3.Connection, sweep: Row, config: dict[str, Any]) -> bool:
    """Whether no further run is to be made: the cap or the target is reached, or the space is used up."""
    cap = config.get("run_cap")
    count = db.execute("SELECT count(*) FROM runs WHERE sweep_id = ?", (sweep["id"],)).fetchone()[0]
    if sweep["exhausted"] or (isinstance(cap, int) and count >= cap):
        return True
    return reached_target(db, sweep, config)


def reached_target(db: sqlite3.Connection, sweep: Row, config: dict[str, Any]) -> bool:
    """By the runs' summaries; what a run had logged before is looked at when the next one is searched."""
    metric = config.get("metric")
    if not isinstance(metric, dict) or "target" not in metric:
        return False
    rows = db.execute("SELECT summary_json FROM runs WHERE sweep_id = ?", (sweep["id"],))
    return any(reaches(objective(json.loads(row["summary_json"]), metric), metric) for row in rows)


def reaches(value: float | None, metric: dict[str, Any]) -> bool:
    """Whether a run's value is as good as the target of the metric, if there is one."""
    target = metric.get("target")
    if value is None or isinstance(target, bool) or not isinstance(target, (int, float)):
        return False
    return value >= target if metric.get("goal") == "maximize" else value <= target


def settle(db: sqlite3.Connection, sweep: Row, now: float) -> bool:
    """Ends the sweep when it is full and all its runs have ended for good; says whether it is over."""
    if sweep["state"] == "RUNNING" and is_full(db, sweep, json.loads(sweep["config_json"])):
        under_way = db.execute(UNDER_WAY, (sweep["id"],)).fetchone()[0]
        if not under_way and waiting_run(db, sweep) is None:
            db.execute(
                "UPDATE sweeps SET state = 'FINISHED', updated_at = ? WHERE id = ?", (now, sweep["id"])
            )
            return True
    return sweep["state"] in ("FINISHED", "CANCELED")
