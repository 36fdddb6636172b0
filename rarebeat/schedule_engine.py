"""Our engines as the optimizer that the client's own scheduler asks (`wandb sweep-scheduler`, wandb 0.31)."""

from __future__ import annotations

import dataclasses
import itertools
import math
import zlib
from collections.abc import Sequence
from typing import Any

import click
from wandb.sdk.sweeps.run_state import RunState
from wandb.sdk.sweeps.scheduler.optimizer import Optimizer, RunConfig, RunSuggestion, RunWithMetrics
from wandb.sdk.sweeps.scheduler.optimizer import Run as TheirRun
from wandb.sdk.sweeps.sweep_info import SweepInfo

from data_utils.errors import BadInput
from rarebeat.search import Run, SpaceError, suggest, validate
from rarebeat.search.hyperband import to_stop
from rarebeat.search.schema import OUTSIDE
from rarebeat.server.sweep_runs import objective, reaches, result


class Engine(Optimizer):
    """One of our engines as the optimizer that the client's scheduler asks.

    Engines have no state, so all that is kept is what the scheduler has told of each run.

    Raises:
        BadInput: a sweep that its server searches itself, or that our engines cannot search.
    """

    def __init__(self, sweep: SweepInfo, method: str | None = None, seed: int | None = None) -> None:
        super().__init__(sweep)
        self._config = searchable(sweep.config, method)
        self._seed = zlib.crc32(sweep.id.encode()) if seed is None else seed
        self._runs: dict[str, Run] = {}
        self._numbers = itertools.count()
        self._stopped: set[str] = set()
        click.echo(f"{self._config['method']}, seed {self._seed}, for sweep {sweep.id}", err=True)

    def validate_sweep_objective(self) -> None:
        """The sweep's configuration is the only objective that there is."""

    def has_terminator(self) -> bool:
        return False

    def ask_n_runs(self, n: int) -> Sequence[RunSuggestion]:
        """Up to `n` runs; none when no point is left, or cap or target is reached, which ends the sweep."""
        asked: list[RunSuggestion] = []
        metric = self._config.get("metric") or {}
        if any(reaches(run.objective, metric) for run in self._runs.values()):
            return asked
        while len(asked) < n and len(self._runs) < self._config.get("run_cap", math.inf):
            params = suggest(self._config, list(self._runs.values()), self._seed)
            if params is None:
                break
            number = self._add(params, "pending")
            asked.append(RunSuggestion(RunConfig.from_values(params), number))
        return asked

    def tell_run(self, run_id: str, data: RunWithMetrics) -> None:
        if run_id in self._stopped:
            return
        # A run that was deleted comes without its configuration.
        config = data.config.flat_dict()
        known = self._runs[run_id]
        self._runs[run_id] = self._as_searched(run_id, known.params, config, data)
        if not data.state.is_alive:
            self._say(run_id, data.wandb_run_id)

    def forget_run(self, run_id: str) -> None:
        """A point that was never queued may come again."""
        self._runs.pop(run_id, None)

    def tell_existing_finished_run(self, data: RunWithMetrics) -> None:
        number = self._add(self._params(data), "pending")
        self._runs[number] = self._as_searched(
            number, self._runs[number].params, data.config.flat_dict(), data
        )

    def tell_existing_active_run(self, data: TheirRun) -> str:
        return self._add(self._params(data), "running")

    def prune_runs(self, run_ids: Sequence[str], runs: Sequence[RunWithMetrics]) -> Sequence[str]:
        """What the sweep's `early_terminate` gives up; what a run had reached is its result."""
        losing = set(to_stop(self._config, list(self._runs.values()))) & set(run_ids)
        for run_id in losing:
            self._runs[run_id] = dataclasses.replace(self._runs[run_id], state="finished")
        self._stopped |= losing
        return [run_id for run_id in run_ids if run_id in losing]

    def _add(self, params: dict[str, Any], state: str) -> str:
        # Counted, because the number of a run that is forgotten is not given again.
        number = str(next(self._numbers))
        self._runs[number] = Run(number, params, state)
        return number

    def _params(self, data: TheirRun) -> dict[str, Any]:
        config = data.config.flat_dict()
        return {name: config[name] for name in self._config["parameters"] if name in config}

    def _as_searched(self, number: str, params: dict, config: dict, data: RunWithMetrics) -> Run:
        metric = self._config.get("metric") or {}
        logged = [objective(row, metric) for row in data.history_metrics]
        inactive = config.get("inactive")
        value = objective(data.summary_metrics, metric)
        state = self._state(data.state, value)
        if state == "finished":
            value = result(data.summary_metrics, metric, lambda: logged)
        return Run(
            number,
            params,
            state,
            value,
            [value for value in logged if value is not None],
            tuple(map(str, inactive)) if isinstance(inactive, list) else (),
        )

    def _state(self, state: RunState, value: float | None) -> str:
        # Of a run that ended before this process began, nobody says who stopped it: early termination, most
        # likely, where there is one.
        if state is RunState.KILLED and value is not None and self._config.get("early_terminate"):
            return "finished"
        known = {RunState.PREEMPTING: "preempted", RunState.UNKNOWN: "running"}
        return known.get(state, state.value)

    def _say(self, number: str, name: str) -> None:
        run = self._runs[number]
        metric = (self._config.get("metric") or {}).get("name", "result")
        value = f"{metric} {run.objective:.4g}" if run.objective is not None else f"no {metric}"
        click.echo(f"run {name} {run.state}, {value}, after {run.params}", err=True)


def searchable(config: dict[str, Any], method: str | None) -> dict[str, Any]:
    """The sweep's configuration with the method that searches it.

    Raises:
        BadInput: its server searches it itself, or it says something that our engines cannot work with.
    """
    named = config.get("method")
    # An empty scheduler: is none to the server, which would search beside us.
    if config.get("scheduler") is None and named != OUTSIDE:
        raise BadInput(
            "the server searches this sweep itself: make one whose YAML says scheduler: {engine: wandb}"
        )
    if "metrics" in config:
        raise BadInput("our engines search for one metric: `wandb sweep-scheduler` takes several (metrics)")
    chosen = config | {"method": method or ("bayes" if named in (OUTSIDE, None) else named)}
    try:
        validate(chosen)
    except SpaceError as error:
        raise BadInput(str(error)) from error
    return chosen
