"""The values that a distribution gives, and the sentences that refuse an entry."""

from __future__ import annotations

import datetime
import math

import pytest

from rarebeat.search.dimensions import Choice, json_key
from rarebeat.search.distributions import DISTRIBUTIONS, infer, parse
from rarebeat.search.errors import SpaceError, number_in_yaml


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"value": 3}, "constant"),
        ({"value": None}, "constant"),
        ({"values": [1, 2]}, "categorical"),
        ({"values": [1, 2], "probabilities": [0.5, 0.5]}, "categorical_w_probabilities"),
        ({"min": 0, "max": 5}, "int_uniform"),
        ({"min": 0.0, "max": 5.0}, "uniform"),
        ({"min": 0, "max": 5, "distribution": "uniform"}, "uniform"),
    ],
)
def test_a_distribution_is_inferred_as_the_client_infers_it(spec: dict, name: str) -> None:
    assert infer(spec) == name


@pytest.mark.parametrize(
    ("spec", "unit", "value"),
    [
        # by hand from the inverse CDFs
        ({"min": 2.0, "max": 4.0}, 0.25, 2.5),
        ({"min": 1, "max": 4}, 0.24, 1),
        ({"min": 1, "max": 4}, 0.26, 2),
        ({"min": 1, "max": 4}, 1.0, 4),
        ({"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2}, 0.5, 1e-3),
        ({"distribution": "log_uniform", "min": math.log(1e-4), "max": math.log(1e-2)}, 0.5, 1e-3),
        ({"distribution": "inv_log_uniform", "min": math.log(100), "max": math.log(1e4)}, 0.5, 1e-3),
        ({"distribution": "inv_log_uniform_values", "min": 1e-4, "max": 1e-2}, 0.5, 1e-3),
        ({"distribution": "q_uniform", "min": 0, "max": 10, "q": 4}, 0.55, 4),
        ({"distribution": "q_uniform", "min": 0.0, "max": 0.5, "q": 0.1}, 0.6, 0.3),
        ({"distribution": "q_log_uniform_values", "min": 16, "max": 256, "q": 16}, 0.5, 64),
        ({"distribution": "normal"}, 0.8413447460685429, 1.0),
        ({"distribution": "normal", "mu": 5, "sigma": 2}, 0.5, 5.0),
        ({"distribution": "q_normal", "mu": 5, "sigma": 2, "q": 2}, 0.5, 6),
        ({"distribution": "log_normal", "mu": 1}, 0.5, math.e),
        ({"distribution": "q_log_normal", "mu": 1}, 0.5, 3),
        ({"distribution": "beta"}, 0.3, 0.3),
        ({"distribution": "q_beta", "q": 0.25}, 0.3, 0.25),
        ({"values": ["a", "b"]}, 0.5, "b"),
        ({"values": ["a", "b"], "probabilities": [0.9, 0.1]}, 0.89, "a"),
    ],
)
def test_the_unit_interval_maps_to_values(spec: dict, unit: float, value: object) -> None:
    got = parse(spec).value(unit)
    assert type(got) is type(value)
    assert got == pytest.approx(value) if isinstance(value, float) else got == value


@pytest.mark.parametrize("unit", [0.0, 1e-9, 0.2, 0.5, 0.77, 1.0])
@pytest.mark.parametrize(
    "spec",
    [
        {"min": 2.0, "max": 4.0},
        {"min": 1, "max": 40},
        {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2},
        {"distribution": "q_uniform", "min": 0.0, "max": 0.5, "q": 0.05},
        {"distribution": "q_log_uniform_values", "min": 16, "max": 256, "q": 16},
        {"distribution": "normal", "mu": 3, "sigma": 2},
        {"distribution": "q_normal", "q": 0.5},
        {"distribution": "beta", "a": 2, "b": 3},
        {"values": [[1, 2], {"a": 1}, None, "x"]},
    ],
)
def test_a_value_lies_where_its_unit_says(spec: dict, unit: float) -> None:
    dimension = parse(spec)
    value = dimension.value(unit)
    again = dimension.value(dimension.unit(value))
    assert again == (pytest.approx(value) if isinstance(value, float) else value)


def test_quantised_values_never_leave_the_bounds() -> None:
    # W&B's round(X / 4) * 4 would give 0 for X below 2.
    lattice = parse({"distribution": "q_uniform", "min": 1, "max": 10, "q": 4})
    assert list(lattice.values()) == [4, 8]
    assert lattice.value(0.0) == 4


def test_quantised_values_are_written_as_the_yaml_would_write_them() -> None:
    values = list(parse({"distribution": "q_uniform", "min": 0.0, "max": 0.3, "q": 0.1}).values())
    assert values == [0.0, 0.1, 0.2, 0.3]


def test_equal_values_of_a_choice_are_one_and_their_weights_add_up() -> None:
    choice = Choice(["a", "b", "a"], [0.2, 0.5, 0.3])
    assert list(choice.values()) == ["a", "b"]
    assert choice.weight("a") == pytest.approx(0.5)


def test_a_value_with_probability_zero_is_never_drawn() -> None:
    choice = parse({"values": ["a", "b"], "probabilities": [0, 1.0]})
    assert list(choice.values()) == ["b"]


def test_json_keys_tell_true_from_1_but_not_1_from_its_float() -> None:
    assert json_key(True) != json_key(1) == json_key(1.0)
    assert json_key([1.0, {"a": 2.0}]) == json_key([1, {"a": 2}])


@pytest.mark.parametrize(
    ("spec", "sentence", "path"),
    [
        ({}, "it needs value, values, min and max, or a distribution", ()),
        ({"max": 3}, "it needs value, values, min and max, or a distribution", ()),
        ({"min": 0, "max": 0.5}, "min 0 and max 0.5 are an integer and a float; write min: 0.0", ("min",)),
        ({"min": 5, "max": 5}, "min 5 is not below max 5", ("min",)),
        ({"min": "1e-4", "max": 1.0}, "min is '1e-4'; YAML reads that as text: write 1.0e-4", ("min",)),
        ({"min": False, "max": 1}, "min is False; it has to be a finite number", ("min",)),
        ({"min": 0.0, "max": math.inf}, "max is inf; it has to be a finite number", ("max",)),
        ({"min": 1.5, "max": 3.0, "distribution": "int_uniform"}, "int_uniform needs integers", ("min",)),
        ({"value": 1, "values": [1]}, "categorical has no key 'value'; did you mean values?", ("value",)),
        ({"distribution": "normal", "sigma": -1}, "sigma is -1; it cannot be negative", ("sigma",)),
        ({"distribution": "normal", "std": 1}, "normal has no key 'std'", ("std",)),
        (
            {"distribution": "log_uniform_values", "min": 0.0, "max": 1.0},
            "min is 0.0; it has to be above",
            ("min",),
        ),
        (
            {"distribution": "q_uniform", "min": 1, "max": 2, "q": 5},
            "no multiple of q = 5 lies between",
            ("q",),
        ),
        (
            {"distribution": "q_uniform", "min": 1, "max": 2, "q": 0},
            "q is 0; it has to be above zero",
            ("q",),
        ),
        ({"distribution": "uniform"}, "uniform needs min", ()),
        (
            {"distribution": "unifrom", "min": 0, "max": 1},
            "no distribution 'unifrom'; did you mean uniform?",
            ("distribution",),
        ),
        (
            {"distribution": "log_uniform", "min": 16, "max": 1024},
            "exponents of e, and too large; log_uniform_values",
            (),
        ),
        ({"values": []}, "a list of at least one value", ("values",)),
        ({"values": "relu"}, "a list of at least one value", ("values",)),
        (
            {"values": [datetime.date(2020, 1, 1)]},
            "2020-01-01 is a date, which JSON cannot carry; quote it",
            ("values", 0),
        ),
        (
            {"values": [1, 2], "probabilities": [0.5, 0.4]},
            "sum to 0.9; they have to sum to 1",
            ("probabilities",),
        ),
        (
            {"values": [1, 2], "probabilities": [1.0]},
            "there are 2 values and 1 probabilities",
            ("probabilities",),
        ),
        (
            {"values": [1, 2], "probabilities": [1.5, -0.5]},
            "a list of numbers from 0 to 1",
            ("probabilities",),
        ),
    ],
)
def test_a_bad_entry_is_refused_in_a_sentence_with_its_place(spec: dict, sentence: str, path: tuple) -> None:
    with pytest.raises(SpaceError) as caught:
        parse(spec)
    assert sentence in str(caught.value)
    assert caught.value.path == path


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_no_entry_ends_in_anything_but_a_sentence(name: str) -> None:
    for junk in (None, "x", [], {}, True, -1, 0, 1e308, 10**400, math.nan):
        spec = {"distribution": name} | dict.fromkeys(DISTRIBUTIONS[name].required, junk)
        try:
            parse(spec | dict.fromkeys(DISTRIBUTIONS[name].optional, junk))
        except SpaceError:
            continue


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("1e-4", "1.0e-4"),
        ("1.5E3", "1.5e+3"),
        ("-2e5", "-2.0e+5"),
        (".5e1", "0.5e+1"),
        ("focal", None),
        (3, None),
    ],
)
def test_numbers_that_yaml_reads_as_text_are_known(text: object, right: str | None) -> None:
    assert number_in_yaml(text) == right


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            {"distribution": "log_uniform", "min": -800, "max": 0},
            "exponents of e, and too large",
        ),  # e^-800 is 0
        (
            {"distribution": "q_uniform", "min": 0, "max": 1, "q": 1e-300},
            "more steps than a floating-point number",
        ),
    ],
)
def test_ranges_that_a_double_cannot_hold_are_refused(spec: dict, sentence: str) -> None:
    with pytest.raises(SpaceError, match=sentence):
        parse(spec)
