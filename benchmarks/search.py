"""Search engines on sweeps of the kind of ours: the loss of the best run, sequential and with runs pending.

    python benchmarks/search.py                      our engines, two seeds, two minutes
    python benchmarks/search.py --peers --seeds 20   all peers too, in environments made on demand

Every engine gets the same objectives and seeds. What is compared is the noise-free loss of the run that has
logged the best value. Results are kept in --results, so that a benchmark that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from searching.objectives import OBJECTIVES, Objective
from searching.peers import FOREIGN, OURS, Foreign, Here, engine
from searching.tables import report
from threadpoolctl import threadpool_limits

from data_utils.cache import cache_folder
from rarebeat.search import Run

CACHE = cache_folder() / "peers"


def ended(objective: Objective, number: int, params: dict, rng: np.random.Generator) -> Run:
    if objective.crashes(params):
        return Run(str(number), params, "failed")
    logged = objective.loss(params) + objective.noise * float(rng.standard_normal())
    return Run(str(number), params, "finished", logged, inactive=objective.inactive(params))


def search(asked: Here | Foreign, objective: Objective, seed: int, runs: int, pending: int) -> dict:
    """The noise-free loss of the best run so far, after each run; and seconds per suggestion.

    With `pending` runs under way the oldest ends when the next one is asked for.
    """
    config = {
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": objective.parameters,
    }
    rng = np.random.default_rng(seed)
    done: list[Run] = []
    waiting: list[Run] = []
    seconds = []
    for number in range(runs):
        began = time.perf_counter()
        params = asked.suggest(config, done + waiting, seed)
        seconds.append(time.perf_counter() - began)
        waiting.append(Run(str(number), params, "running"))
        if len(waiting) > pending:
            done.append(ended(objective, len(done), waiting.pop(0).params, rng))
    done += [ended(objective, len(done) + i, run.params, rng) for i, run in enumerate(waiting)]
    return {"curve": best_so_far(objective, done), "seconds": float(np.mean(seconds))}


def best_so_far(objective: Objective, runs: list[Run]) -> list[float]:
    best, true, curve = np.inf, np.nan, []
    for run in runs:
        if run.objective is not None and run.objective < best:
            best, true = run.objective, objective.loss(run.params)
        curve.append(float(true))
    return curve


def main() -> None:
    options = arguments()
    threadpool_limits(limits=1)
    warnings.simplefilter("ignore")  # unconverged linear models are what is searched through
    kept = {tuple(r["cell"]): r for r in read(options.results)} if options.results else {}
    for name in options.engines:
        asked = engine(name, options.cache, options.peers)
        if asked is None:
            print(f"{name} is left out: no environment; --peers makes one", file=sys.stderr)
            continue
        for cell in cells(name, options):
            if cell not in kept:
                _, objective, pending, seed = cell
                result = search(asked, OBJECTIVES[objective], seed, options.runs, pending)
                kept[cell] = {"cell": cell, **result}
                if options.results:
                    with options.results.open("a") as file:
                        file.write(json.dumps(kept[cell]) + "\n")
        asked.close()
    wanted = {cell for name in options.engines for cell in cells(name, options)}
    print(report([result for cell, result in kept.items() if cell in wanted]))


def cells(name: str, options: argparse.Namespace) -> list[tuple[str, str, int, int]]:
    return [
        (name, objective, pending, seed)
        for seed in range(options.seeds)
        for objective in options.objectives
        for pending in options.pending
    ]


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", nargs="+", default=None, choices=[*OURS, *FOREIGN])
    parser.add_argument("--objectives", nargs="+", default=list(OBJECTIVES), choices=list(OBJECTIVES))
    parser.add_argument("--pending", nargs="+", type=int, default=[0, 4], help="runs under way")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--peers", action="store_true", help="make the environments that are missing")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of the peers' environments")
    parser.add_argument("--results", type=Path, help="JSON lines to go on from and to append to")
    options = parser.parse_args()
    options.engines = options.engines or [*OURS, *(FOREIGN if options.peers else [])]
    return options


if __name__ == "__main__":
    main()
