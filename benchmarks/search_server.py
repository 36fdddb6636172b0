"""Whether the embedded server answers as fast while it searches: a sweep of a thousand finished runs.

    python benchmarks/search_server.py

Rounds with an agent that asks for one new run after another take turns with rounds in which nobody does.
What is timed meanwhile is what training runs send all the time: a line of history. Prints percentiles of
both and their ratio.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import yaml

from rarebeat.server import daemon

CONFIG = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        **{f"x{i}": {"min": 0.0, "max": 1.0} for i in range(4)},
        "sampler": {"values": ["none", "sqrt", "class_aware"]},
        "n_blocks": {"min": 1, "max": 6},
    },
}
PAUSE = 0.01  # s between two timed requests


class Client:
    """One connection to the server, kept open."""

    def __init__(self, server: daemon.Server) -> None:
        self._http = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        key = base64.b64encode(f"api:{server.key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: dict) -> dict:
        self._http.request("POST", path, json.dumps(body), self._headers)
        return json.loads(self._http.getresponse().read())

    def query(self, query: str, **variables: object) -> dict:
        answer = self.post("/graphql", {"query": query, "variables": variables})
        if answer.get("errors"):
            raise RuntimeError(answer["errors"])
        return answer["data"]

    def stream(self, run: str, files: dict, **rest: object) -> dict:
        return self.post(f"/files/local/bench/{run}/file_stream", {"files": files, **rest})

    def finish(self, run: str, loss: float) -> None:
        summary = {"wandb-summary.json": {"offset": 0, "content": [json.dumps({"loss": loss})]}}
        self.stream(run, summary, complete=True, exitcode=0)


def make_sweep(client: Client) -> tuple[str, str]:
    made = client.query(
        "mutation M($c: String!) { upsertSweep(input: {config: $c, "
        'projectName: "bench", entityName: "local"}) { sweep { id name } } }',
        c=yaml.safe_dump(CONFIG),
    )
    return made["upsertSweep"]["sweep"]["id"], made["upsertSweep"]["sweep"]["name"]


def fill(client: Client, sweep: str, name: str, runs: int) -> None:
    """That many finished runs at random points."""
    rng = np.random.default_rng(0)
    for _ in range(runs):
        params = {f"x{i}": float(rng.random()) for i in range(4)}
        params |= {"sampler": "sqrt", "n_blocks": int(rng.integers(1, 7))}
        queued = client.query(
            "mutation M($i: ID!, $c: JSONString!) { enqueueSweepRun(input: {id: $i, config: $c}) { id } }",
            i=sweep,
            c=json.dumps(params),
        )
        run = queued["enqueueSweepRun"]["id"]
        client.query(
            "mutation M($n: String!, $s: String!) { upsertBucket(input: {name: $n, sweep: $s, "
            'modelName: "bench", entityName: "local"}) { bucket { id } } }',
            n=run,
            s=name,
        )
        client.finish(run, params["x0"] ** 2 + float(rng.random()) / 10)


class Agent(threading.Thread):
    """Asks for a run, ends it, and asks for the next until it is told to stop."""

    def __init__(self, server: daemon.Server, sweep: str) -> None:
        super().__init__(daemon=True)
        self._client, self._over = Client(server), threading.Event()
        made = self._client.query(
            'mutation M($s: String!) { createAgent(input: {host: "h", projectName: "bench", '
            'entityName: "local", sweep: $s}) { agent { id } } }',
            s=sweep,
        )
        self._id, self.seconds = made["createAgent"]["agent"]["id"], []

    def run(self) -> None:
        while not self._over.is_set():
            began = time.perf_counter()
            beat = self._client.query(
                'mutation M($i: ID!) { agentHeartbeat(input: {id: $i, runState: "{}"}) { commands } }',
                i=self._id,
            )
            self.seconds.append(time.perf_counter() - began)
            for command in json.loads(beat["agentHeartbeat"]["commands"]):
                self._client.finish(command["run_id"], 0.5)

    def end(self) -> None:
        self._over.set()
        self.join()


def timed(client: Client, requests: int, step: int) -> list[float]:
    """Seconds of each of so many lines of history."""
    seconds = []
    for number in range(requests):
        line = json.dumps({"_step": step + number, "loss": 0.1})
        files = {"wandb-history.jsonl": {"offset": step + number, "content": [line]}}
        began = time.perf_counter()
        client.stream("watched", files)
        seconds.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--requests", type=int, default=150, help="timed in each round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = daemon.start(Path(folder))
        try:
            print(measured(server, options))
        finally:
            daemon.stop(Path(folder))


def measured(server: daemon.Server, options: argparse.Namespace) -> str:
    client = Client(server)
    sweep, name = make_sweep(client)
    fill(client, sweep, name, options.runs)
    client.query('mutation { upsertBucket(input: {name: "watched", modelName: "bench"}) { bucket { id } } }')
    quiet, searching, suggestions = [], [], []
    for number in range(options.rounds):
        quiet += timed(client, options.requests, 2 * number * options.requests)
        agent = Agent(server, name)
        agent.start()
        searching += timed(client, options.requests, (2 * number + 1) * options.requests)
        agent.end()
        suggestions += agent.seconds
    took = f"{len(suggestions)} suggestions, {np.median(suggestions):.3f} s each"
    lines = [f"{options.runs} finished runs; {took}"]
    for share in (50, 95, 99):
        without, meanwhile = np.percentile(quiet, share) * 1e3, np.percentile(searching, share) * 1e3
        ratio = meanwhile / without
        lines.append(f"p{share}: {without:.1f} ms, while searching {meanwhile:.1f} ms: {ratio:.1f} times")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
