"""Runs that log, each on a connection of its own."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from server_load.wire import Wire

PROJECT = "writers"
UPSERT = """mutation UpsertBucket($name: String, $project: String, $config: JSONString, $host: String) {
    upsertBucket(input: {name: $name, modelName: $project, config: $config, host: $host}) {
        bucket { id name displayName } inserted } }"""
ROWS = """query Run($project: String!, $name: String!) { project(name: $project) { run(name: $name) {
    historyLineCount history(samples: 10000000) } } }"""
METRICS = ("loss", "macro_auprc", "macro_auroc", "macro_f1", "auprc/a", "auprc/b", "auprc/c", "f1/a", "f1/b")


@dataclass(frozen=True)
class Written:
    """What came of a while of writing."""

    seconds: float  # from the first post to the last answer
    latencies: list[float]
    rows_sent: int
    rows_kept: int


def config(run: int) -> dict[str, Any]:
    """A run's configuration, of the size that a client sends: its own part is half of it."""
    chosen = {f"hyperparameter_{number}": {"value": run * number / 7} for number in range(24)}
    telemetry = {"t": {"3": [2, 14, 16], "5": "0.31.0"}, "e": {"writer": {"host": "h" * 500}}}
    return {**chosen, "_wandb": {"value": telemetry}}


def row(step: int) -> dict[str, Any]:
    metrics = {f"val/{name}": (step * 37 + place) % 997 / 997 for place, name in enumerate(METRICS)}
    return {**metrics, "_step": step, "_runtime": step * 1.5, "_timestamp": 1.8e9 + step}


def post_of(step: int, rows: int) -> dict[str, Any]:
    """The client's post of so many new rows, with the summary that belongs to them."""
    lines = [row(number) for number in range(step, step + rows)]
    return {
        "files": {
            "wandb-history.jsonl": {"offset": step, "content": [json.dumps(line) for line in lines]},
            "wandb-summary.json": {"offset": 0, "content": [json.dumps(lines[-1])]},
        }
    }


def write(url: str, key: str, writers: int, seconds: float, rate: float | None, rows: int) -> Written:
    """Posts of all writers together at `rate` a second, or as fast as answers come when it is None."""
    return asyncio.run(_write(url, key, writers, seconds, rate, rows))


async def _write(url: str, key: str, writers: int, seconds: float, rate: float | None, rows: int) -> Written:
    wires = [Wire(url, key) for _ in range(writers)]
    names = [f"run-{rate or 'full'}-{number}" for number in range(writers)]
    for number, (wire, name) in enumerate(zip(wires, names, strict=True)):
        given = json.dumps(config(number))
        await wire.query(UPSERT, name=name, project=PROJECT, config=given, host="bench")
        wire.seconds.clear()
    began = time.perf_counter()
    pause = writers / rate if rate else 0.0

    async def log(number: int) -> int:
        path, step = f"/files/local/{PROJECT}/{names[number]}/file_stream", 0
        due = began + pause * number / writers
        while due < began + seconds and time.perf_counter() < began + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await wires[number].post(path, post_of(step, rows))
            step, due = step + rows, (due + pause if rate else 0.0)
        return step

    sent = await asyncio.gather(*map(log, range(writers)))
    took = time.perf_counter() - began
    latencies = [second for wire in wires for second in wire.seconds]
    kept = [await _kept(wires[0], name, count) for name, count in zip(names, sent, strict=True)]
    for wire in wires:
        wire.close()
    return Written(took, latencies, sum(sent), sum(kept))


async def _kept(wire: Wire, name: str, sent: int) -> int:
    """How many of the rows that were sent are there, each as it was sent."""
    run = (await wire.query(ROWS, project=PROJECT, name=name))["project"]["run"]
    kept = [json.loads(line) for line in run["history"]]
    return sum(line == row(step) for step, line in zip(range(sent), kept, strict=False))
