"""What engines learn from runs: imputed results, by hand after W&B's documentation of `impute`."""

from __future__ import annotations

import math

import pytest

from rarebeat.search import Run, parse_space
from rarebeat.search.runs import learn

SPACE = parse_space({"x": {"min": 0.0, "max": 1.0}})


def losses(runs: list[Run], **metric: object) -> list[float]:
    return [loss for _, loss in learn(SPACE, runs, metric).results]


def run(state: str, objective: float | None, history: list[float] | None = None) -> Run:
    return Run("r", {"x": 0.5}, state, objective, history or [])


def test_results_are_losses_whatever_the_goal() -> None:
    runs = [run("finished", 0.2), run("finished", 0.8)]
    assert losses(runs) == [0.2, 0.8]
    assert losses(runs, goal="maximize") == [-0.2, -0.8]


@pytest.mark.parametrize("state", ["failed", "crashed", "killed"])
@pytest.mark.parametrize(
    ("impute", "expected"),
    [
        (None, 0.9),  # worst by default: the highest loss of any ended run
        ("worst", 0.9),
        ("latest", 0.6),  # of the run itself
        ("best", 0.4),
    ],
)
def test_runs_that_ended_badly_are_imputed(state: str, impute: str | None, expected: float) -> None:
    runs = [run("finished", 0.2, [0.9, 0.2]), run(state, 0.6, [0.4, 0.6])]
    metric = {} if impute is None else {"impute": impute}
    assert losses(runs, **metric) == [0.2, expected]


@pytest.mark.parametrize("objective", [None, math.nan, math.inf, -math.inf])
def test_a_finished_run_without_a_number_counts_as_the_worst(objective: float | None) -> None:
    assert losses([run("finished", 0.2), run("finished", 0.7), run("finished", objective)]) == [0.2, 0.7, 0.7]


def test_when_all_have_failed_they_count_alike() -> None:
    assert losses([run("failed", None), run("crashed", math.nan)]) == [0.0, 0.0]


@pytest.mark.parametrize("state", ["running", "pending", "preempted"])
def test_runs_under_way_are_pending_unless_they_are_to_be_imputed(state: str) -> None:
    assert len(learn(SPACE, [run(state, 0.3)], {}).pending) == 1
    assert losses([run(state, 0.3, [0.1, 0.3])], impute_while_running="latest") == [0.3]
    assert learn(SPACE, [run(state, None)], {"impute_while_running": "latest"}).results == []
