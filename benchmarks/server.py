"""The embedded server under load: many writers, many agents of one sweep, and a project of many runs.

    python benchmarks/server.py                  ten minutes
    python benchmarks/server.py --runs 1000      two

There is no peer to set beside it: W&B's own server is a container image, and no other server speaks to this
client without a network. What it can be set beside is an older rarebeat: the same file, run with PYTHONPATH=.
inside a checkout of that commit. Load and server share the processor; the server's own seconds stand apart.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from server_load import agents, large, writers
from server_load.large import Reader, processor_seconds, resident_mb

from rarebeat.server import daemon

READS = ("first_run", "best_run", "agent_start", "all_runs", "page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=["writers", "agents", "large"])
    parser.add_argument("--clients", type=int, default=64, help="writers, and agents")
    parser.add_argument("--rate", type=float, default=500.0, help="posts a second of all writers together")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each kind of load")
    parser.add_argument("--beat", type=float, default=5.0, help="seconds of an agent; W&B's own takes 5")
    parser.add_argument("--runs", type=int, default=10_000, help="of the large project")
    parser.add_argument("--rounds", type=int, default=5, help="of each reading")
    parser.add_argument("--directory", type=Path, help="keep the server's data here, and use what is there")
    options = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for part in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            directory = options.directory or Path(folder)
            server = daemon.start(directory, port=0)
            try:
                {"writers": write, "agents": sweep, "large": read}[part](server, options)
            finally:
                daemon.stop(directory)


def elsewhere(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's result from a process of its own, so that the load takes none of this one's time."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def write(server: daemon.Server, options: argparse.Namespace) -> None:
    print(f"idle server {resident_mb(server.pid):.0f} MB")
    for rate in (options.rate, None):
        before = processor_seconds(server.pid)
        done = elsewhere(writers.write, server.url, server.key, options.clients, options.seconds, rate, 4)
        busy = processor_seconds(server.pid) - before
        posts = len(done.latencies)
        print(
            f"{options.clients} writers, {f'{rate:.0f} posts/s' if rate else 'at full speed'}: "
            f"{posts / done.seconds:.0f} posts/s, {quantiles(done.latencies)}, "
            f"{busy / posts * 1e3:.2f} ms of processor a post, "
            f"{done.rows_sent - done.rows_kept} of {done.rows_sent} rows lost, "
            f"server {resident_mb(server.pid):.0f} MB"
        )


def sweep(server: daemon.Server, options: argparse.Namespace) -> None:
    for method in ("grid", "random"):
        before = processor_seconds(server.pid)
        done = elsewhere(
            agents.sweep, server.url, server.key, method, options.clients, options.seconds, options.beat
        )
        busy = (processor_seconds(server.pid) - before) / len(done.heartbeats)
        print(
            f"{options.clients} agents, {method}: {len(done.heartbeats) / options.seconds:.0f} heartbeats/s, "
            f"{quantiles(done.heartbeats)}, {busy * 1e3:.2f} ms of processor each, {done.runs} runs, "
            f"{done.given_twice} given twice, {done.same_point} at a point that was taken"
        )


def read(server: daemon.Server, options: argparse.Namespace) -> None:
    began = time.perf_counter()
    kept = options.directory / "sweep" if options.directory else None
    if kept is not None and kept.is_file():
        name = kept.read_text()
    else:
        name = elsewhere(large.fill, server.url, server.key, options.runs)
        if kept is not None:
            kept.write_text(name)
    print(f"{options.runs} runs of {large.ROWS} rows, made in {time.perf_counter() - began:.0f} s")
    with tempfile.TemporaryDirectory() as home:
        reader = Reader(server, name, Path(home))
        for what in READS:
            rounds = [reader.page() if what == "page" else reader.read(what) for _ in range(options.rounds)]
            wall, busy = (
                np.median([getattr(one, kind) for one in rounds]) * 1e3 for kind in ("wall", "server")
            )
            print(
                f"{what:12} {wall:6.0f} ms for the client, of that {busy:5.0f} ms of the server's processor; "
                f"server {resident_mb(server.pid):.0f} MB, at most {resident_mb(server.pid, True):.0f}"
            )
        reader.close()


def quantiles(seconds: list[float]) -> str:
    return ", ".join(f"p{share} {np.percentile(seconds, share) * 1e3:.1f} ms" for share in (50, 99))


if __name__ == "__main__":
    main()
