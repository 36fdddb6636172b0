"""A sweep's YAML becomes plain data, or is refused in a sentence."""

import pytest

from rarebeat.server.errors import RequestError
from rarebeat.server.sweep_config import is_searched_outside, parse_config


@pytest.mark.parametrize(
    "value", ["!!bool maybe", "!!timestamp noon", "!!int ''", "2026-99-99", "[1", "*anchor", "!!none"]
)
def test_what_the_yaml_reader_cannot_take_is_refused(value: str) -> None:
    with pytest.raises(RequestError, match="YAML"):
        parse_config(f"method: grid\nparameters: {{x: {{value: {value}}}}}")


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_it() -> None:
    assert parse_config("\ufeffmethod: grid\r\nname: a b\r\n") == {"method": "grid", "name": "a b"}


def test_a_scheduler_that_is_commented_out_searches_nothing() -> None:
    config = parse_config("method: grid\nscheduler:\n  # engine: optuna\n")
    assert not is_searched_outside(config)
    assert is_searched_outside(config | {"scheduler": {"engine": "optuna"}})
