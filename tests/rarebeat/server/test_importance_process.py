"""What matters is worked out beside the server, by the search's own method, and again when runs have come."""

from __future__ import annotations

import asyncio
import signal
import sys

import numpy as np
import pytest

from rarebeat.server.importance_process import ImportanceProcess
from rarebeat.server.serve import Settings, _lifespan, _parts

PATIENCE = 140  # s: it gives way to everything else on the machine


@pytest.fixture
def process():
    process = ImportanceProcess()
    yield process
    process.close()


def _runs(count):
    rng = np.random.default_rng(0)
    x, noise = rng.random(count), rng.random(count)
    return {"x": x.tolist(), "noise": noise.tolist()}, (2 * x).tolist()


def test_the_answer_comes_to_a_later_asking_and_stays_until_more_runs_have_come(process, eventually):
    asked = []

    def question(count=30):
        asked.append(count)
        return _runs(count)

    assert process.answer(1, 30, question) is None  # nobody waits
    answer = eventually(lambda: process.answer(1, 30, question), "the first answer", PATIENCE)
    assert answer.runs == 30
    assert answer.found["names"][0] == "x"
    assert process.answer(1, 35, question) is answer  # under a fifth more
    assert len(asked) == 1
    assert process.answer(1, 36, question) is answer
    assert eventually(lambda: process.answer(1, 36, question).runs == 36, "the next answer", PATIENCE)
    assert len(asked) == 2


def test_the_work_ends_with_the_server(tmp_path, eventually, monkeypatch):
    forest = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr("rarebeat.server.importance_process.COMMAND", forest)
    settings = Settings(tmp_path)
    server = _parts(settings)

    async def serve_a_moment():
        async with _lifespan(settings, server):
            server.importance.answer(1, 30, lambda: _runs(30))
            return await asyncio.to_thread(eventually, lambda: server.importance._working, "a process")

    assert asyncio.run(serve_a_moment()).wait(30) == -signal.SIGKILL


def test_a_question_that_fails_is_logged_and_answered_with_nothing(process, eventually, caplog):
    def question():
        raise ZeroDivisionError

    process.answer(1, 30, question)
    assert eventually(lambda: process.answer(1, 30, question), "an answer").found is None
    assert "importance" in caplog.text
