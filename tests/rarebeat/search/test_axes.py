"""Where values lie for a model that measures distances."""

from __future__ import annotations

import numpy as np
import pytest

from rarebeat.search import parse_space
from rarebeat.search.axes import Chart, axis_of
from rarebeat.search.design import spread
from rarebeat.search.distributions import DISTRIBUTIONS, parse

BOUNDS = {"min": 1, "max": 3}
SPECS = {
    "constant": {"value": 1},
    "categorical": {"values": ["a", None, True]},
    "categorical_w_probabilities": {"values": [1, 2], "probabilities": [0.9, 0.1]},
    "int_uniform": BOUNDS,
    **{name: BOUNDS for name in DISTRIBUTIONS if "uniform" in name and name != "int_uniform"},
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_drawn_coordinate_is_a_value_and_comes_back(name: str) -> None:
    axis = axis_of(parse({"distribution": name, **SPECS.get(name, {})}))
    drawn = axis.draw(np.random.default_rng(0), 50)
    moved = axis.move(np.random.default_rng(1), drawn, 0.1)
    for coordinate in [*drawn, *moved]:
        value = axis.value(coordinate)
        assert axis.dimension.key(value) is not None
        assert axis.coordinate(value) == pytest.approx(coordinate, abs=1e-6)


def test_true_and_1_are_apart_and_numbers_are_in_their_order() -> None:
    mixed = axis_of(parse({"values": [True, 1, False, 0]}))
    assert mixed.unordered
    assert len({mixed.coordinate(value) for value in (True, 1, False, 0)}) == 4
    numbers = axis_of(parse({"values": [64, 16, 32]}))
    assert [numbers.coordinate(value) for value in (16, 32, 64)] == [0.0, 0.5, 1.0]
    assert numbers.value(0.4) == 32


def test_whole_numbers_lie_in_the_middle_of_their_cells_and_steps_never_stay() -> None:
    axis = axis_of(parse({"min": 1, "max": 4}))
    assert axis.places == pytest.approx([0.125, 0.375, 0.625, 0.875])
    assert axis.snap(np.array([0.24, 0.26, 2.0])) == pytest.approx([0.125, 0.375, 0.875])
    middle = np.full(200, 0.375)
    assert set(axis.move(np.random.default_rng(0), middle, 1e-9)) == {0.125, 0.625}


def test_the_design_goes_into_the_gap() -> None:
    chart = Chart(parse_space({"x": {"min": 0.0, "max": 1.0}, "c": {"values": ["a", "b"]}}))
    taken = chart.rows([(0.1, "a"), (0.2, "b"), (0.9, "a"), (0.8, "b"), (0.5, "a")])
    first = spread(chart, taken, np.random.default_rng(0))[0]
    assert chart.point(first)[1] == "b"
    assert 0.35 < first[0] < 0.65


def test_the_design_covers_each_choice_of_three_within_four_runs_most_of_the_time() -> None:
    chart = Chart(parse_space({"x": {"min": 0.0, "max": 1.0}, "c": {"values": ["a", "b", "c"]}}))
    covered = 0
    for seed in range(40):
        rows = np.empty((0, 2))
        for number in range(4):
            rows = np.vstack([rows, spread(chart, rows, np.random.default_rng([seed, number]))[:1]])
        covered += len(set(rows[:, 1])) == 3
    # Four independent draws do so with probability 36 / 81 = 0.44.
    assert covered >= 36
