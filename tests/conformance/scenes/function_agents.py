"""Sweeps from Python, worked through by the vendor's agent that calls a function."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import wandb
from scene import play, raised, restart, script, step
from wandb.agents import pyagent

PROJECT = "functions"
METRIC = {"name": "best/x", "goal": "minimize"}


class BriskQueue(queue.Queue):
    def get(self, block: bool = True, timeout: float | None = None) -> object:
        return super().get(block, min(timeout or 0.3, 0.3))


# The vendor's own agent; only its clocks of five seconds are turned faster.
pyagent.queue = SimpleNamespace(Queue=BriskQueue, Empty=queue.Empty)
pyagent.Agent.HEARTBEAT_SLEEP_SECONDS = 0.3
pyagent.time = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: time.sleep(min(seconds, 0.3))})


def sweep(parameters: dict, **more: object) -> str:
    config = {"method": "grid", "metric": METRIC, "parameters": parameters, **more}
    return f"local/{PROJECT}/{wandb.sweep(config, project=PROJECT)}"


def works(path: str, train: Callable[[], None], count: int | None = None) -> None:
    name = path.rsplit("/", 1)[-1]
    wandb.agent(name, function=train, project=PROJECT, entity="local", count=count)


def told(path: str) -> wandb.apis.public.Sweep:
    return wandb.Api().sweep(path)


@step
def grid() -> dict:
    path = sweep({"x": {"values": [1, 2, 3]}, "net": {"parameters": {"depth": {"value": 2}}}}, name="a grid")
    seen = []

    def train() -> None:
        with wandb.init() as run:
            seen.append([run.config.x, run.config.net["depth"], run.sweep_id == path.rsplit("/", 1)[-1]])
            if run.config.x == 2:
                restart()
            run.log({"best/x": (run.config.x - 2) ** 2})

    works(path, train)
    found = told(path)
    return {
        "seen": seen,
        "state": found.state,
        "name": found.name,
        "runs": sorted(r.config["x"] for r in found.runs),
        "states": sorted({r.state for r in found.runs}),
        "best": found.best_run().config["x"],
        "loss": found.best_loss,
        "expected": found.expected_run_count,
        "url": found.url.endswith(path.replace(PROJECT, f"{PROJECT}/sweeps")),
        "agents": [len(found.agents()), [len(a.runs()) for a in found.agents()], found.agents()[0].state],
        "run": [r.sweep.id == found.id for r in list(found.runs)[:1]],
        "config": found.config["method"],
    }


@step
def count_of_an_agent() -> dict:
    path = sweep({"x": {"values": [1, 2, 3]}})

    def train() -> None:
        with wandb.init() as run:
            run.log({"best/x": run.config.x})

    works(path, train, count=1)
    restart()
    works(path, train, count=1)
    return {
        "state": told(path).state,
        "done": sorted(r.config["x"] for r in told(path).runs if r.state == "finished"),
    }


DISTRIBUTIONS = {
    "uniform": {"min": 0.0, "max": 1.0},
    "int_uniform": {"min": 1, "max": 9},
    "q_uniform": {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25},
    "log_uniform": {"distribution": "log_uniform", "min": -3.0, "max": 0.0},
    "log_uniform_values": {"distribution": "log_uniform_values", "min": 1.0e-4, "max": 1.0e-1},
    "q_log_uniform_values": {"distribution": "q_log_uniform_values", "min": 1, "max": 100, "q": 5},
    "inv_log_uniform_values": {"distribution": "inv_log_uniform_values", "min": 0.1, "max": 0.9},
    "normal": {"distribution": "normal", "mu": 5.0, "sigma": 0.1},
    "q_normal": {"distribution": "q_normal", "mu": 5.0, "sigma": 1.0, "q": 0.5},
    "log_normal": {"distribution": "log_normal", "mu": 0.0, "sigma": 0.1},
    "beta": {"distribution": "beta", "a": 2, "b": 2},
    "categorical": {"values": ["a", 1, None, True]},
    "weighted": {"values": ["rare", "never"], "probabilities": [1.0, 0.0]},
    "constant": {"value": [1, {"a": "b"}]},
    "nested": {"parameters": {"inner": {"parameters": {"x": {"min": 0.0, "max": 1.0}}}}},
}


@step
def distributions() -> dict:
    path = sweep(DISTRIBUTIONS, method="random", run_cap=2)
    seen = []

    def train() -> None:
        with wandb.init() as run:
            seen.append(dict(run.config))
            restart()

    works(path, train)
    return {"seen": seen, "state": told(path).state}


@step
def target() -> dict:
    path = sweep({"x": {"min": 0.0, "max": 1.0}}, method="bayes", metric={**METRIC, "target": 0.5})
    values = iter([0.9, 0.4, 0.1])

    def train() -> None:
        with wandb.init() as run:
            run.log({"best/x": next(values)})
        restart()

    works(path, train)
    found = told(path)
    return {"state": found.state, "runs": len(found.runs), "best": found.best_run().summary["best/x"]}


@step
def early_stopping() -> dict:
    rule = {"type": "hyperband", "min_iter": 4, "eta": 2, "strict": True}
    path = sweep({"x": {"values": [1, 2, 9]}}, early_terminate=rule)

    def train() -> None:
        with wandb.init() as run:
            for n in range(60 if run.config.x == 9 else 4):
                run.log({"best/x": run.config.x})
                if run.config.x == 9:
                    time.sleep(0.5)
                    if n == 1:
                        restart()

    works(path, train)
    return {"state": told(path).state, "runs": {str(r.config["x"]): r.state for r in told(path).runs}}


@step
def queued() -> dict:
    path = sweep({"x": {"values": [1, 2]}}, method="custom")
    found = told(path)
    names = [found.enqueue_run({"x": 7}, "by hand"), found.enqueue_run({"x": 8})]
    restart()
    seen = []

    def train() -> None:
        with wandb.init() as run:
            seen.append([run.id, run.config.x])

    works(path, train, count=2)
    return {
        "same": [run_id for run_id, _ in seen] == names,
        "x": [x for _, x in seen],
        "name": wandb.Api().run(f"local/{PROJECT}/{names[0]}").name,
    }


CONTROL = f"""
import sys, time, wandb
controller = wandb.controller(sys.argv[1], entity="local", project={PROJECT!r})
while not controller.done():
    controller.step()
    time.sleep(0.3)
"""


@step
def local_controller() -> dict:
    path = sweep({"x": {"values": [1, 2]}}, controller={"type": "local"})
    search = str(Path(__file__).parent / "in_place_of")
    controller = script(CONTROL, path.rsplit("/", 1)[-1], PYTHONPATH=search)

    def train() -> None:
        with wandb.init() as run:
            run.log({"best/x": run.config.x})
        restart()

    works(path, train)
    return {
        "ran": sorted(r.config["x"] for r in told(path).runs),
        "state": told(path).state,
        "code": controller.wait(240),
    }


@step
def listed() -> dict:
    project = wandb.Api().project(PROJECT, "local")
    restart()
    sweeps = list(project.sweeps(per_page=2))
    return {
        "all": [len(sweeps), len(project.sweeps())],
        "states": sorted({s.state for s in project.sweeps(filters={"state": "FINISHED"})}),
        "by method": len(list(project.sweeps(filters={"method": {"$in": ["random", "bayes"]}}))),
        "missing": raised(lambda: told(f"local/{PROJECT}/nosuch01")),
        "bad": raised(lambda: sweep({"x": {"min": 0.0, "max": 1.0}}, method="bayes", metric={})),
    }


if __name__ == "__main__":
    play()
