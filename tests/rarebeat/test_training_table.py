"""The table of hyperparameters is read by a process that imports Keras, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_utils.errors import BadInput
from rarebeat import training_table
from rarebeat.sweep_rules import Table

TABLE = {"hyperparameters": {"gamma": {"type": "float"}}, "metrics": ["val/.*"]}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RAREBEAT_CACHE", str(tmp_path / "cache"))
    training_table.training_table.cache_clear()
    yield tmp_path / "cache" / "hyperparameters.json"
    training_table.training_table.cache_clear()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry a time that the other process would have been asked."""
    times: list[int] = []
    monkeypatch.setattr(training_table, "_ask", lambda: times.append(1) or TABLE)
    return times


def read_again() -> Table:
    training_table.training_table.cache_clear()
    return training_table.training_table()


def test_it_is_asked_once_for_all_programs(asked: list[int]) -> None:
    tables = [read_again(), read_again()]
    assert len(asked) == 1
    assert tables == [Table({"gamma": {"type": "float"}}, ("val/.*",))] * 2


def test_a_changed_program_is_asked_again(
    asked: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "declaring_here"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(training_table, "DECLARING", ("declaring_here",))
    read_again()
    (package / "deeper.py").write_text("GAMMA = 2\n")
    read_again()
    (package / "deeper.py").write_text("GAMMA = 2.5\n")
    read_again()
    read_again()
    assert len(asked) == 3


def test_with_plug_ins_it_is_asked_every_time(asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAREBEAT_PLUGINS", "mine")
    read_again()
    read_again()
    assert len(asked) == 2


@pytest.mark.parametrize("spoilt", ["", "[]", "{}", json.dumps({"state": "x", "table": {}})])
def test_a_spoilt_or_unwritable_cache_costs_nothing_but_time(
    asked: list[int], cache: Path, spoilt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.parent.mkdir()
    cache.write_text(spoilt)
    read_again()
    monkeypatch.setenv("RAREBEAT_CACHE", "/proc/nowhere")
    read_again()
    assert len(asked) == 2


def test_a_cache_that_cannot_be_replaced_leaves_nothing_behind(asked: list[int], cache: Path) -> None:
    cache.mkdir(parents=True)
    read_again()
    assert list(cache.parent.iterdir()) == [cache]


def test_a_machine_too_busy_to_read_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_table, "PATIENCE", 0.01)
    with pytest.raises(BadInput, match="were not read within"):
        training_table.training_table()
