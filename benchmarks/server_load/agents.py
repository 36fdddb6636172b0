"""Agents of one sweep, each on a connection of its own, that take runs and end them."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass

import yaml
from server_load.wire import Wire

PROJECT = "agents"
SWEEP = """mutation UpsertSweep($config: String, $project: String) {
    upsertSweep(input: {config: $config, projectName: $project}) { sweep { name } } }"""
AGENT = """mutation CreateAgent($host: String!, $project: String!, $sweep: String!) {
    createAgent(input: {host: $host, projectName: $project, sweep: $sweep}) { agent { id } } }"""
HEARTBEAT = """mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) {
    agentHeartbeat(input: {id: $id, metrics: $metrics, runState: $runState}) { agent { id } commands } }"""
START = """mutation UpsertBucket($name: String, $project: String, $sweep: String, $host: String) {
    upsertBucket(input: {name: $name, modelName: $project, sweep: $sweep, host: $host}) {
        bucket { id name config } inserted } }"""
AGENTS_START = 3.0  # s that `wandb agent` takes to its first request
PARAMETERS = {
    "grid": {f"choice_{name}": {"values": list(range(12))} for name in "abcd"},
    "random": {f"x{number}": {"min": 0.0, "max": 1.0} for number in range(6)},
}


@dataclass(frozen=True)
class Swept:
    """What came of a while of agents."""

    heartbeats: list[float]  # seconds of each
    runs: int
    given_twice: int
    same_point: int


def sweep(url: str, key: str, method: str, agents: int, seconds: float, period: float) -> Swept:
    """Each agent sends a heartbeat every `period` seconds; a run lasts three of them."""
    return asyncio.run(_sweep(url, key, method, agents, seconds, period))


async def _sweep(url: str, key: str, method: str, agents: int, seconds: float, period: float) -> Swept:
    config = {"method": method, "metric": {"name": "loss", "goal": "minimize"}}
    wire = Wire(url, key)
    text = yaml.safe_dump({**config, "parameters": PARAMETERS[method]})
    name = (await wire.query(SWEEP, config=text, project=PROJECT))["upsertSweep"]["sweep"]["name"]
    wire.close()
    await asyncio.sleep(AGENTS_START)
    given: list[tuple[str, str]] = []
    beats: list[float] = []

    async def agent(number: int) -> None:
        beat, run = Wire(url, key), Wire(url, key)
        made = await beat.query(AGENT, host="bench", project=PROJECT, sweep=name)
        beat.seconds.clear()
        alive: dict[str, int] = {}
        due = time.perf_counter() + random.random() * period
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += period
            alive = {name: left - 1 for name, left in alive.items()}
            for ended in [name for name, left in alive.items() if left == 0]:
                await _end(run, ended)
                del alive[ended]
            state = json.dumps(dict.fromkeys(alive, True))
            told = await beat.query(HEARTBEAT, id=made["createAgent"]["agent"]["id"], runState=state)
            for command in json.loads(told["agentHeartbeat"]["commands"]):
                given.append((command["run_id"], json.dumps(command["args"], sort_keys=True)))
                await run.query(START, name=command["run_id"], project=PROJECT, sweep=name, host="bench")
                alive[command["run_id"]] = 3
        beats.extend(beat.seconds)
        beat.close()
        run.close()

    until = time.perf_counter() + seconds
    await asyncio.gather(*map(agent, range(agents)))
    runs, points = Counter(run for run, _ in given), Counter(point for _, point in given)
    twice = sum(count - 1 for count in runs.values())
    return Swept(beats, len(given), twice, sum(count - 1 for count in points.values()))


async def _end(wire: Wire, run: str) -> None:
    summary = {"offset": 0, "content": [json.dumps({"loss": random.random()})]}
    body = {"files": {"wandb-summary.json": summary}, "complete": True, "exitcode": 0}
    await wire.post(f"/files/local/{PROJECT}/{run}/file_stream", body)
