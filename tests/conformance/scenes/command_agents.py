"""Sweeps from the command line, worked through by the vendor's agents in processes of their own."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

import wandb
from scene import play, restart, script, shell, start, step, wait_until

PROJECT = "agents"
# The vendor's own agent; only its clock of five seconds is turned faster.
BRISK = """
import sys
from wandb.cli.cli import cli
from wandb.wandb_agent import Agent
Agent.POLL_INTERVAL = 0.3
cli(["agent", *sys.argv[1:]])
"""
YAML = """
    method: grid
    name: from yaml
    metric: {name: best/x, goal: minimize}
    parameters:
      x: {values: [1, 2, 3]}
    command: ["${env}", "${interpreter}", train.py]
"""


def agent(*arguments: str) -> subprocess.Popen[bytes]:
    return script(BRISK, *arguments)


def told(path: str) -> wandb.apis.public.Sweep:
    return wandb.Api().sweep(path)


def training(code: str) -> None:
    Path("train.py").write_text(textwrap.dedent(code))


def from_shell(yaml: str, *options: str) -> tuple[str, str]:
    """The path of a sweep made with `wandb sweep`, and what the command said."""
    Path("sweep.yaml").write_text(textwrap.dedent(yaml))
    done = shell("wandb", "sweep", "--project", PROJECT, *options, "sweep.yaml")
    found = re.search(r"wandb agent (\S+)", done.stdout)
    assert found, done.stdout
    return found[1], done.stdout


@step
def hard_runs() -> dict:
    """One run dies of kill -9 each time, one is preempted once, one fails; two agents take turns."""
    training("""
        import os, signal, sys, wandb
        with wandb.init(resume="allow") as run:
            run.log({"best/x": 1, "step": run.starting_step})
            if run.config.x == 1:
                open("tries", "a").write("x")
                os.kill(os.getpid(), signal.SIGKILL)
            if run.config.x == 2 and not run.resumed:
                run.mark_preempting()
                sys.exit(1)
            if run.config.x == 3:
                raise ValueError("as it happens")
    """)
    path, _ = from_shell(YAML)
    agents = [agent(path), agent(path)]
    wait_until(lambda: len(told(path).runs) >= 2)
    restart()
    codes = [one.wait(240) for one in agents]
    found = {r.config["x"]: r for r in told(path).runs}
    return {
        "codes": codes,
        "state": told(path).state,
        "states": {str(x): r.state for x, r in found.items()},
        "tries": len(Path("tries").read_text()),
        "preempted": [row["step"] for row in found[2].scan_history()],
        "agents": len(told(path).agents()),
    }


@step
def made_and_changed_by_command() -> dict:
    path, said = from_shell(YAML, "--name", "by option")
    name = told(path).name
    Path("sweep.yaml").write_text(textwrap.dedent(YAML).replace("[1, 2, 3]", "[7]"))
    states = []
    for option in ("--pause", "--resume", "--stop", "--resume", "--cancel"):
        done = shell("wandb", "sweep", option, path)
        if option == "--pause":
            restart()
        states.append([done.returncode, told(path).state])
    updated = shell("wandb", "sweep", "--update", path, "sweep.yaml")
    return {
        "name": name,
        "states": states,
        "update": updated.returncode,
        "values": told(path).config["parameters"]["x"]["values"],
        "url": f"/{path.rsplit('/', 1)[0]}/sweeps/" in said,
        "refused": shell("wandb", "sweep", "--pause", path).stdout[-300:],
    }


@step
def canceled_under_an_agent() -> dict:
    training("""
        import time, wandb
        with wandb.init() as run:
            for n in range(300):
                run.log({"best/x": n}); time.sleep(0.1)
    """)
    path, _ = from_shell(YAML)
    working = agent(path)
    wait_until(lambda: any(r.state == "running" for r in told(path).runs))
    restart()
    shell("wandb", "sweep", "--cancel", path)
    code = working.wait(240)
    return {"code": code, "state": told(path).state, "runs": [r.state for r in told(path).runs]}


@step
def prior_runs() -> dict:
    with wandb.init(project=PROJECT, id="earlier", config={"x": 1}) as run:
        run.log({"best/x": 1})
    training("""
        import wandb
        with wandb.init() as run:
            run.log({"best/x": run.config.x})
    """)
    path, _ = from_shell(YAML, "-R", "earlier")
    restart()

    code = agent(path).wait(240)
    return {"code": code, "tried": sorted(r.config["x"] for r in told(path).runs)}


@step
def vendors_scheduler() -> dict:
    training("""
        import wandb
        with wandb.init() as run:
            run.log({"best/x": (run.config["x"] - 2) ** 2})
    """)
    path, _ = from_shell(YAML.replace("grid", "custom") + "    scheduler: {engine: optuna}\n    run_cap: 3\n")
    scheduler = start("wandb", "sweep-scheduler", "--batch-size", "2", "--poll-interval", "0.5", path)
    working = agent(path)
    wait_until(lambda: len(told(path).runs) >= 1)
    restart()
    codes = [scheduler.wait(240), working.wait(240)]
    found = told(path)
    return {"codes": codes, "state": found.state, "runs": sorted(r.state for r in found.runs)}


if __name__ == "__main__":
    play()
