"""A project of many runs: how it is filled, and what reading it takes the vendor's own client."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from server_load.agents import START, SWEEP
from server_load.wire import Wire
from server_load.writers import UPSERT, config, post_of

PROJECT = "large"
ROWS = 100  # of each run
CONNECTIONS = 8
METRIC = "val/macro_auprc"
# Times in the client's own process, after it has been imported and has said who it is.
READER = """
import json, sys, time
import wandb

path = sys.argv[1]
api = wandb.Api(timeout=120)
api.viewer
project = path.rsplit("/", 1)[0]

def first_run():
    return api.runs(project, order="-summary_metrics.METRIC")[0].name

def best_run():
    return api.sweep(path).best_run().name

def agent_start():
    from wandb.apis.public.sweeps import _sweep_with_runs
    entity, name, sweep = path.split("/")
    return len(_sweep_with_runs(api, sweep, "{}", project=name, entity=entity)["runs"])

def all_runs():
    return len(list(api.runs(project, per_page=1000)))

for line in sys.stdin:
    what = line.strip()
    api.flush()
    began = time.perf_counter()
    answer = globals()[what]()
    print(json.dumps([time.perf_counter() - began, answer]), flush=True)
""".replace("METRIC", METRIC)


@dataclass(frozen=True)
class Read:
    """One reading: what the client waited, and the server's processor time in it, both in seconds."""

    wall: float
    server: float
    answer: Any


def fill(url: str, key: str, runs: int) -> str:
    """Makes a sweep of that many finished runs; gives its name."""
    return asyncio.run(_fill(url, key, runs))


async def _fill(url: str, key: str, runs: int) -> str:
    parameters = {f"hyperparameter_{number}": {"min": 0.0, "max": 1.0} for number in range(24)}
    text = yaml.safe_dump(
        {
            "method": "random",
            "metric": {"name": METRIC, "goal": "maximize"},
            "parameters": parameters,
        }
    )
    wires = [Wire(url, key) for _ in range(CONNECTIONS)]
    sweep = (await wires[0].query(SWEEP, config=text, project=PROJECT))["upsertSweep"]["sweep"]["name"]
    rng = random.Random(0)
    numbers = iter(range(runs))

    async def worker(wire: Wire) -> None:
        for number in numbers:
            name = f"run{number:05}"
            await wire.query(START, name=name, project=PROJECT, sweep=sweep, host="bench")
            await wire.query(UPSERT, name=name, project=PROJECT, config=json.dumps(config(number)))
            post = post_of(0, ROWS)
            last = json.loads(post["files"]["wandb-summary.json"]["content"][0]) | {METRIC: rng.random()}
            post["files"]["wandb-summary.json"]["content"] = [json.dumps(last)]
            await wire.post(
                f"/files/local/{PROJECT}/{name}/file_stream", {**post, "complete": True, "exitcode": 0}
            )
            wire.seconds.clear()

    await asyncio.gather(*map(worker, wires))
    for wire in wires:
        wire.close()
    return sweep


class Reader:
    """The real client in a process of its own, and the server's processor time beside it."""

    def __init__(self, server: Any, sweep: str, folder: Path) -> None:
        self._server = server
        self._sweep = f"local/{PROJECT}/{sweep}"
        env = {**os.environ, **server.environment, "HOME": str(folder)}
        command = [sys.executable, "-c", READER, self._sweep]
        pipe = subprocess.PIPE
        self._client = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=env, cwd=folder, text=True)

    def read(self, what: str) -> Read:
        before = processor_seconds(self._server.pid)
        self._client.stdin.write(f"{what}\n")
        self._client.stdin.flush()
        wall, answer = json.loads(self._client.stdout.readline())
        return Read(wall, processor_seconds(self._server.pid) - before, answer)

    def page(self) -> Read:
        """The sweep's page, with everything that it loads by itself from this server."""
        before, began = processor_seconds(self._server.pid), time.perf_counter()
        entity, project, sweep = self._sweep.split("/")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self._server.url}/{entity}/{project}/sweeps/{sweep}", timeout=60) as answer:
            size = len(answer.read())
        wall = time.perf_counter() - began
        return Read(wall, processor_seconds(self._server.pid) - before, size)

    def close(self) -> None:
        self._client.stdin.close()
        self._client.wait()


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int, peak: bool = False) -> float:
    """Memory of a process, now or at its highest, in MB."""
    name = "VmHWM:" if peak else "VmRSS:"
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
