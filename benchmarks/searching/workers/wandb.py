"""Answers with W&B's own engine (PyPI `sweeps`), in an environment of its own.

It draws from NumPy's global generator, which is seeded here before every question.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")
# This folder holds modules named as the engines are: the engines' own have to be found.
sys.path.pop(0)

import numpy as np  # noqa: E402

from sweeps import RunState, SweepRun, next_run  # noqa: E402


def plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def as_theirs(run: dict, metric: str) -> SweepRun:
    value = run["objective"]
    return SweepRun(
        name=run["id"],
        state=RunState(run["state"]),
        config={name: {"value": value} for name, value in run["params"].items()},
        summary_metrics={} if value is None else {metric: value},
        history=[] if value is None else [{metric: value}],
    )


for line in sys.stdin:
    asked = json.loads(line)
    np.random.seed([asked["seed"], len(asked["runs"])])  # noqa: NPY002
    metric = asked["config"]["metric"]["name"]
    answer = next_run(asked["config"], [as_theirs(run, metric) for run in asked["runs"]])
    params = {name: plain(entry["value"]) for name, entry in answer.config.items()}
    print(json.dumps(params), flush=True)
