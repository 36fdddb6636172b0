"""Which runs of a sweep are one configuration but for last digits."""

from __future__ import annotations

from rarebeat.sweep_runs import Entry
from rarebeat.twins import apart

PARAMETERS = {
    "data": {"value": "a.h5"},
    "loss": {"values": ["ce", "focal"]},
    "gamma": {"min": 0.0, "max": 5.0},
    "learning_rate": {"distribution": "log_uniform_values", "min": 1.0e-4, "max": 1.0e-2},
    "n_blocks": {"min": 2, "max": 5},
    "window": {"values": [0.8, 0.82]},
}
BEST = {"data": "b.h5", "loss": "focal", "gamma": 4.0, "learning_rate": 1e-3, "n_blocks": 3, "window": 0.8}


def found(*differing: dict, idle: str = "", parameters: dict = PARAMETERS) -> dict[str, list[str]]:
    entries = [
        Entry(
            f"r{i}",
            f"r{i}",
            "finished",
            1.0 - i / 10,
            config={**BEST, **one},
            inactive=frozenset(idle.split()),
        )
        for i, one in enumerate(({}, *differing))
    ]
    return {family.first.id: [twin.id for twin in family.twins] for family in apart(entries, parameters)}


def test_what_lies_within_a_tenth_of_every_range_stands_behind_the_best_of_them():
    assert found({"gamma": 4.4}, {"gamma": 4.6}, {"gamma": 4.9}, {"learning_rate": 1.4e-3}) == {
        "r0": ["r1", "r4"],
        "r2": ["r3"],
    }


def test_whole_numbers_listed_values_and_words_are_told_apart():
    assert found({"n_blocks": 4}, {"window": 0.82}, {"loss": "ce"}, {"learning_rate": 1.7e-3}) == {
        f"r{i}": [] for i in range(5)
    }


def test_what_has_no_effect_and_the_seed_do_not_tell_apart():
    parameters = {**PARAMETERS, "seed": {"values": [0, 1]}}
    assert found({"gamma": 0.0, "seed": 1}, {"loss": "ce"}, idle="gamma", parameters=parameters) == {
        "r0": ["r1"],
        "r2": [],
    }


def test_runs_of_another_space_stand_for_themselves():
    assert found({"gamma": 9.0}, {"gamma": None}, {"gamma": 4.1}) == {"r0": ["r3"], "r1": [], "r2": []}


def test_where_all_are_nearly_the_same_each_stands_for_itself():
    assert found({"gamma": 4.1}, {"gamma": 4.2}) == {"r0": [], "r1": [], "r2": []}


def test_in_a_space_that_only_another_backend_searches_each_stands_for_itself():
    parameters = {**PARAMETERS, "dropout": {"min": 0.5, "max": 0.5}}
    assert found({"gamma": 4.1}, {"loss": "ce"}, parameters=parameters) == {"r0": [], "r1": [], "r2": []}
