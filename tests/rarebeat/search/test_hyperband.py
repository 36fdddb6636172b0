"""Hyperband against brackets and thresholds computed by hand."""

from __future__ import annotations

import itertools
import math

import pytest

from rarebeat.search import Run
from rarebeat.search.hyperband import bands, to_stop


def sweep(goal: str = "minimize", **rule: object) -> dict:
    return {"metric": {"name": "loss", "goal": goal}, "early_terminate": {"type": "hyperband", **rule}}


def running(number: int, history: list[float]) -> Run:
    return Run(str(number), {}, "running", history[-1] if history else None, history)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"min_iter": 3}, [3, 9, 27, 81]),  # W&B's documentation: eta 3 by default
        ({"min_iter": 5, "eta": 2}, [5, 10, 20, 40]),
        ({"min_iter": 1, "eta": 1.5}, [1, 1, 2, 3]),  # 1, 1.5, 2.25, 3.375 cut off
        ({"max_iter": 27, "s": 2}, [3, 9]),  # W&B's documentation: 27/3 and 27/9
        ({"max_iter": 81, "s": 9, "eta": 3}, [1, 3, 9, 27]),  # below 1 there is no band
        ({"max_iter": 5, "s": 2, "eta": 2}, [1, 2]),  # 2.5 and 1.25 cut off
        ({"max_iter": 27, "s": 1000, "eta": 3.5}, [2, 7]),  # 3.5**1000 is no double
        ({"min_iter": 3, "max_iter": 27}, [3, 9, 27, 81]),  # max_iter says nothing without s
    ],
)
def test_bands_are_those_of_the_documentation(rule: dict, expected: list[int]) -> None:
    assert list(itertools.islice(bands(rule), 4)) == expected


def test_below_the_first_band_nothing_stops() -> None:
    runs = [running(i, [float(i)] * 2) for i in range(6)]
    assert to_stop(sweep(min_iter=3), runs) == []


def test_the_worse_two_thirds_stop_at_a_band() -> None:
    # Values 0..8 at the third epoch, eta 3: the threshold is the value at position 9 // 3 = 3, ties stay.
    runs = [running(i, [9.0, 9.0, float(i)]) for i in range(9)]
    assert to_stop(sweep(min_iter=3), runs) == ["4", "5", "6", "7", "8"]


def test_maximizing_keeps_the_highest() -> None:
    runs = [running(i, [0.0, 0.0, float(i)]) for i in range(9)]
    assert to_stop(sweep("maximize", min_iter=3), runs) == ["0", "1", "2", "3", "4"]


def test_the_first_run_at_a_band_and_equal_runs_go_on() -> None:
    assert to_stop(sweep(min_iter=3), [running(0, [1.0, 1.0, 1.0])]) == []
    assert to_stop(sweep(min_iter=3), [running(i, [1.0, 1.0, 1.0]) for i in range(5)]) == []


def test_finished_runs_set_the_threshold_and_only_running_ones_stop() -> None:
    done = [Run(f"d{i}", {}, "finished", 0.1, [0.1, 0.1, 0.1]) for i in range(5)]
    assert to_stop(sweep(min_iter=3), [*done, running(0, [0.5, 0.5, 0.5])]) == ["0"]


def test_the_value_at_the_band_counts_and_with_strict_off_the_best_so_far() -> None:
    done = [Run(f"d{i}", {}, "finished", 0.1, [0.3, 0.3, 0.3]) for i in range(5)]
    late = running(0, [0.9, 0.9, 0.9, 0.2])  # behind at the third value, ahead since
    assert to_stop(sweep(min_iter=3), [*done, late]) == ["0"]
    assert to_stop(sweep(min_iter=3, strict=False), [*done, late]) == []


def test_only_the_last_band_reached_counts() -> None:
    done = [Run(f"d{i}", {}, "finished", 0.1, [0.1] * 3 + [0.5] * 6) for i in range(5)]
    assert to_stop(sweep(min_iter=3), [*done, running(0, [0.9] * 3 + [0.4] * 6)]) == []


def test_values_that_are_no_number_do_not_count_as_logged() -> None:
    done = [Run(f"d{i}", {}, "finished", 0.1, [0.1] * 3) for i in range(5)]
    assert to_stop(sweep(min_iter=3), [*done, running(0, [math.nan, 0.5, math.inf, 0.5])]) == []
    assert to_stop(sweep(min_iter=3), [*done, running(0, [math.nan, 0.5, 0.5, 0.5])]) == ["0"]


def test_without_a_rule_nothing_stops() -> None:
    assert to_stop({"metric": {"name": "loss"}}, [running(0, [1.0] * 9)]) == []
