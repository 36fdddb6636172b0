"""The search beside the server answers as the search itself does, and outlives what kills it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from rarebeat.search import Run, SpaceError, suggest
from rarebeat.server.search_process import SearchProcess

CONFIG = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "name": {"values": ["æ", None, True]}},
}


@pytest.fixture(scope="module")
def process() -> Iterator[SearchProcess]:
    process = SearchProcess()
    yield process
    process.close()


def finished(count: int) -> list[Run]:
    return [
        Run(str(i), {"x": i / count, "name": None}, "finished", i * 0.1, [0.5, i * 0.1], ("name",))
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [0, 12])
def test_it_answers_as_the_search_does(process: SearchProcess, count: int) -> None:
    runs = finished(count)
    assert process.suggest(CONFIG, runs, 2**32 - 1) == suggest(CONFIG, runs, 2**32 - 1)


def test_no_point_left_is_none(process: SearchProcess) -> None:
    config = CONFIG | {"method": "grid", "parameters": {"x": {"value": 1}}}
    assert process.suggest(config, [Run("0", {"x": 1}, "finished", 0.1)], 0) is None


def test_what_the_search_refuses_is_refused_in_its_words(process: SearchProcess) -> None:
    config = CONFIG | {"method": "bayse"}
    with pytest.raises(SpaceError) as here:
        suggest(config, [], 0)
    with pytest.raises(SpaceError) as there:
        process.suggest(config, [], 0)
    assert str(there.value) == str(here.value)
    assert process.suggest(CONFIG, [], 0) == suggest(CONFIG, [], 0)


def test_after_it_was_killed_one_question_fails_and_the_next_is_answered(process: SearchProcess) -> None:
    process.suggest(CONFIG, [], 0)
    os.kill(process._process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="the search process ended with -9"):
        process.suggest(CONFIG, [], 0)
    assert process.suggest(CONFIG, [], 0) == suggest(CONFIG, [], 0)


def test_neither_the_folder_nor_the_encoding_that_it_starts_in_matter(tmp_path, monkeypatch) -> None:
    for name in ("signal", "random"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of the user')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    process = SearchProcess()
    try:
        assert process.suggest({"method": "grid", "parameters": {"x": {"value": "æ"}}}, [], 0) == {"x": "æ"}
    finally:
        process.close()


def test_closing_ends_it_and_it_may_be_closed_again() -> None:
    process = SearchProcess()
    process.close()
    process.suggest(CONFIG, [], 0)
    child = process._process
    process.close()
    process.close()
    assert child.returncode == 0
