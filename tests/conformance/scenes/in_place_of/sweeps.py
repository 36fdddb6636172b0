"""A search in place of PyPI's `sweeps`, which the vendor's local controller imports: x is 1, then 2."""

from __future__ import annotations

import enum
from types import SimpleNamespace

RunState = enum.StrEnum(
    "RunState",
    [
        (name, name)
        for name in (
            "pending",
            "running",
            "finished",
            "failed",
            "crashed",
            "killed",
            "preempted",
            "preempting",
        )
    ],
)
SweepConfig = dict


class SweepRun(SimpleNamespace):
    """What is not known of a run is nothing."""

    state = summary_metrics = None
    stopped = False


def next_run(config: dict, runs: list[SweepRun]) -> SweepRun | None:
    left = {1, 2} - {run.config["x"]["value"] for run in runs}
    return SweepRun(config={"x": {"value": min(left)}}) if left else None


def stop_runs(config: dict, runs: list[SweepRun]) -> list[SweepRun]:
    return []


def schema_violations_from_proposed_config(config: dict) -> list[str]:
    return []
