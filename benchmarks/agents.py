"""How long a machine does not train between two runs: warm agents against `wandb agent`, in one run.

    python benchmarks/agents.py --runs 6

The same sweep on the same embedded server, with short runs that predict, save a model and log two artifacts.
A plug-in notes when the run was open at W&B and when it began to close; the gap lies between two such runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rarebeat.agents import agent_environment
from rarebeat.server import daemon

PLUGIN = """
import os, time
import wandb
from wandb.sdk.wandb_run import Run

def note(what):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{time.time()} {what}\\n")

init, finish = wandb.init, Run.finish

def noted_init(*arguments, **settings):
    run = init(*arguments, **settings)
    note("begin")
    return run

def noted_finish(self, *arguments, **settings):
    note("end")
    return finish(self, *arguments, **settings)

wandb.init, Run.finish = noted_init, noted_finish
"""
SWEEP = """
method: random
command: ["${env}", "${interpreter}", "-m", "training.train"]
metric: {name: best/macro_auprc, goal: maximize}
parameters:
  learning_rate: {min: 1.0e-3, max: 2.0e-3}
  epochs: {value: 2}
  steps_per_epoch: {value: 5}
  batch_size: {value: 32}
  n_blocks: {value: 2}
  filters: {value: 4}
  data: {value: simulated.h5}
"""
BIN = Path(sys.executable).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=6, help="runs of each kind of agent")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "noting.py").write_text(PLUGIN)
        (folder / "sweep.yaml").write_text(SWEEP)
        build = [BIN / "rarebeat", "data", "simulate", "--out", "simulated.h5", "--patients", "12"]
        subprocess.run([*build, "--minutes", "3"], cwd=folder, check=True, capture_output=True)
        server = daemon.start(folder / "server")
        try:
            stock = gaps(folder, server, [BIN / "wandb", "agent", "--count", str(runs)], "stock")
            warm = [sys.executable, "-m", "rarebeat.warm", "--logs", "logs", "--count", str(runs)]
            ours = gaps(folder, server, warm, "warm")
        finally:
            daemon.stop(folder / "server")
    report("wandb agent", stock)
    report("rarebeat agent", ours)
    print(f"wandb agent / rarebeat agent: {statistics.median(stock) / statistics.median(ours):.1f}")


def gaps(folder: Path, server: daemon.Server, agent: list, name: str) -> list[float]:
    """Seconds from each run's end to the next one's begin."""
    notes = folder / f"{name}.notes"
    env = agent_environment(os.environ, 1, None) | {
        "WANDB_BASE_URL": server.url,
        "WANDB_API_KEY": server.key,
        "WANDB_ENTITY": "local",
        "WANDB_PROJECT": "agents",
        "WANDB_ERROR_REPORTING": "false",
        "RAREBEAT_PLUGINS": "noting",
        "NOTES": str(notes),
        "PYTHONPATH": os.pathsep.join([str(folder), str(Path(__file__).parents[1])]),
    }
    created = subprocess.run(
        [BIN / "wandb", "sweep", "sweep.yaml"],
        cwd=folder, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    sweep = created.stderr.split("wandb agent ")[1].split()[0].split("\x1b")[0]
    subprocess.run([*agent, sweep], cwd=folder, env=env, check=True, capture_output=True)
    times = [line.split() for line in notes.read_text().splitlines()]
    begins = [float(time) for time, what in times if what == "begin"]
    ends = [float(time) for time, what in times if what == "end"]
    return [begin - end for end, begin in zip(ends, begins[1:], strict=False)]


def report(name: str, seconds: list[float]) -> None:
    median, worst = statistics.median(seconds), max(seconds)
    print(f"{name:15} median {median:6.2f} s   worst {worst:6.2f} s   of {len(seconds)} gaps")


if __name__ == "__main__":
    main()
