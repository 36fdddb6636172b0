"""Our engines behind the questions that the client's scheduler asks, in the client's own types."""

from __future__ import annotations

import pytest
from wandb.sdk.sweeps.run_state import RunState
from wandb.sdk.sweeps.scheduler.optimizer import Run, RunConfig, RunWithMetrics
from wandb.sdk.sweeps.sweep_info import SweepInfo

from data_utils.errors import BadInput
from rarebeat import search
from rarebeat.schedule_engine import Engine

CONFIG = {
    "method": "bayes",
    "scheduler": {"engine": "wandb"},
    "metric": {"name": "best/f1", "goal": "maximize"},
    "parameters": {
        "loss": {"values": ["ce", "focal"]},
        "optimizer": {"parameters": {"rate": {"min": 0.0, "max": 1.0}}},
    },
}
GRID = {
    "method": "grid",
    "scheduler": {"engine": "wandb"},
    "metric": {"name": "best/f1", "goal": "maximize"},
    "parameters": {"loss": {"values": ["ce", "focal"]}, "gamma": {"values": [1, 2, 3]}},
}


def engine(config: dict = CONFIG, **options: object) -> Engine:
    info = SweepInfo("ab12cd34", "name", "me", "ecg", config, "ab12cd34c")
    return Engine(info, **options)


def told(params: dict, value: float | None = None, state=RunState.FINISHED, history=(), **config: object):
    summary = {} if value is None else {"best/f1": value, "_step": 3}
    rows = [{"best/f1": one, "_step": step} for step, one in enumerate(history)]
    return RunWithMetrics(RunConfig.from_values({**params, **config}), state, "run1", summary, rows)


def values(suggestions) -> list[dict]:
    return [suggestion.config.flat_dict() for suggestion in suggestions]


def test_what_is_asked_for_is_what_the_engine_suggests_with_what_was_told() -> None:
    ours = engine(seed=7)
    first, second = ours.ask_n_runs(2)
    ours.tell_run(first.run_id, told(first.config.flat_dict(), 0.4, history=[0.1, 0.4]))
    ours.tell_run(second.run_id, told(second.config.flat_dict(), state=RunState.RUNNING))
    runs = [
        search.Run("0", first.config.flat_dict(), "finished", 0.4, [0.1, 0.4]),
        search.Run("1", second.config.flat_dict(), "running"),
    ]
    assert values(ours.ask_n_runs(1)) == [search.suggest(CONFIG, runs, seed=7)]
    assert values([first]) == [search.suggest(CONFIG, [], seed=7)]


def test_a_sweep_has_a_seed_of_its_own_and_a_given_one_goes_before_it() -> None:
    assert values(engine().ask_n_runs(3)) == values(engine().ask_n_runs(3))
    assert values(engine(seed=1).ask_n_runs(1)) != values(engine(seed=2).ask_n_runs(1))


def test_points_that_differ_only_in_what_is_inactive_are_asked_for_once() -> None:
    ours, asked = engine(GRID), []
    while suggestions := ours.ask_n_runs(1):
        params = suggestions[0].config.flat_dict()
        idle = ["gamma"] if params["loss"] == "ce" else []
        ours.tell_run(suggestions[0].run_id, told(params, 0.1, inactive=idle, versions={"keras": "3"}))
        asked.append((params["loss"], params["gamma"]))
    assert asked == [("ce", 1), ("focal", 1), ("focal", 2), ("focal", 3)]


def test_runs_from_before_are_learnt_from_and_not_asked_for_again() -> None:
    ours = engine(GRID)
    ours.tell_existing_finished_run(told({"loss": "ce", "gamma": 1}, 0.2))
    number = ours.tell_existing_active_run(
        Run(RunConfig.from_values({"loss": "ce", "gamma": 2, "seed": 0}), RunState.RUNNING, "run2")
    )
    assert values(ours.ask_n_runs(6)) == [
        {"loss": "ce", "gamma": 3},
        *({"loss": "focal", "gamma": gamma} for gamma in (1, 2, 3)),
    ]
    ours.tell_run(number, told({"loss": "ce", "gamma": 2}, 0.3))
    assert ours.ask_n_runs(1) == []


def test_a_point_that_could_not_be_queued_comes_again_under_another_number() -> None:
    ours = engine(GRID)
    lost = ours.ask_n_runs(1)[0]
    ours.forget_run(lost.run_id)
    again = ours.ask_n_runs(1)[0]
    assert values([again]) == values([lost]) and again.run_id != lost.run_id


def test_a_run_that_was_deleted_keeps_its_point() -> None:
    ours = engine(GRID)
    run = ours.ask_n_runs(1)[0]
    ours.tell_run(run.run_id, told({}, state=RunState.FAILED))
    assert values(ours.ask_n_runs(1)) == [{"loss": "ce", "gamma": 2}]


def test_the_cap_counts_all_runs_and_none_left_to_ask_for_ends_the_sweep() -> None:
    ours = engine(CONFIG | {"run_cap": 3})
    ours.tell_existing_finished_run(told({"loss": "ce", "optimizer": {"rate": 0.5}}, state=RunState.CRASHED))
    assert len(ours.ask_n_runs(5)) == 2
    assert ours.ask_n_runs(5) == []


def test_a_reached_target_ends_the_sweep() -> None:
    ours = engine(CONFIG | {"metric": {"name": "val/f1", "goal": "maximize", "target": 0.8}})
    first, second = ours.ask_n_runs(2)
    params = RunConfig.from_values(first.config.flat_dict())
    rows = [{"val/f1": value} for value in (0.1, 0.9, 0.3)]
    ours.tell_run(second.run_id, told(second.config.flat_dict(), 0.7))
    assert len(ours.ask_n_runs(1)) == 1
    ours.tell_run(first.run_id, RunWithMetrics(params, RunState.FINISHED, "r", rows[-1], rows))
    assert ours.ask_n_runs(1) == []


def test_early_termination_stops_what_hyperband_gives_up_and_keeps_what_it_had_reached() -> None:
    """Four runs at the band of two values: of 0.1, 0.2, 0.3 and 0.4 the best 4 // 3 = 1 and the next stay."""
    config = CONFIG | {"early_terminate": {"type": "hyperband", "min_iter": 2}}
    ours = engine(config)
    asked = ours.ask_n_runs(4)
    polled = [
        told(run.config.flat_dict(), value, RunState.RUNNING, [0.0, value])
        for run, value in zip(asked, (0.1, 0.2, 0.3, 0.4), strict=True)
    ]
    for run, data in zip(asked, polled, strict=True):
        ours.tell_run(run.run_id, data)
    numbers = [run.run_id for run in asked]
    assert list(ours.prune_runs(numbers, polled)) == numbers[:2]
    # The client goes on telling of a run until it has stopped: as killed, which is no failure here.
    ours.tell_run(numbers[0], told(asked[0].config.flat_dict(), 0.1, RunState.KILLED, [0.0, 0.1]))
    runs = [
        search.Run(str(i), run.config.flat_dict(), state, value, [0.0, value])
        for i, (run, state, value) in enumerate(
            zip(asked, ["finished"] * 2 + ["running"] * 2, (0.1, 0.2, 0.3, 0.4), strict=True)
        )
    ]
    seed = engine(config)._seed
    assert values(ours.ask_n_runs(1)) == [search.suggest(config, runs, seed)]


@pytest.mark.parametrize(
    ("name", "counted"),
    [("best/f1", 0.3), ("val/f1", 0.9)],
)
def test_a_run_counts_its_best_value_as_in_sweeps_unless_the_metric_is_a_running_best(name, counted) -> None:
    """PyPI `sweeps` 0.3.0 has 0.9 for a run that logged 0.1, 0.9 and 0.3 (SweepRun.metric_extremum)."""
    config = CONFIG | {"metric": {"name": name, "goal": "maximize"}}
    ours = engine(config, seed=7)
    first = ours.ask_n_runs(1)[0]
    rows = [{name: value} for value in (0.1, 0.9, 0.3)]
    params = first.config.flat_dict()
    ours.tell_run(
        first.run_id, RunWithMetrics(RunConfig.from_values(params), RunState.FINISHED, "r", rows[-1], rows)
    )
    assert ours._runs[first.run_id] == search.Run("0", params, "finished", counted, [0.1, 0.9, 0.3])


@pytest.mark.parametrize(
    ("named", "asked", "method"),
    [("custom", None, "bayes"), ("random", None, "random"), ("bayes", "tpe", "tpe"), (None, "grid", "grid")],
)
def test_the_method_is_the_one_asked_for_or_the_sweeps_own(named, asked, method, capsys) -> None:
    config = {key: value for key, value in GRID.items() if key != "method"}
    engine(config | ({"method": named} if named else {}), method=asked)
    assert capsys.readouterr().err.startswith(f"{method}, seed ")


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({k: v for k, v in CONFIG.items() if k != "scheduler"}, "the server searches this sweep itself"),
        (CONFIG | {"scheduler": None}, "the server searches this sweep itself"),
        ({k: v for k, v in CONFIG.items() if k != "metric"}, "method: bayes needs a metric"),
        (CONFIG | {"method": "custom", "metrics": [{"name": "a"}, {"name": "b"}]}, "search for one metric"),
        (CONFIG | {"method": "grid"}, "a grid cannot go through a range without end"),
    ],
)
def test_a_sweep_that_cannot_be_searched_from_here_is_refused(config, sentence) -> None:
    with pytest.raises(BadInput, match=sentence):
        engine(config)
