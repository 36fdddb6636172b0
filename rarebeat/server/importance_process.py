"""Which hyperparameters matter, asked of a process of its own while nobody waits: forests take seconds."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)
# -P: the folder that the server was started in may hold a signal.py or a random.py of the user's.
COMMAND = [sys.executable, "-P", "-m", "rarebeat.search.importance"]
PATIENCE = 120.0  # s
# An answer is asked for anew when this share of runs has come to it.
MORE = 1.2
KEPT = 64  # sweeps
NICENESS = 10

# Settings, name -> n values, and the n values of the objective.
Question = tuple[Mapping[str, Sequence[Any]], Sequence[float]]


@dataclass(frozen=True)
class Answer:
    """What came of so many runs; `found` is None where they are too few or too alike."""

    runs: int
    found: dict[str, Any] | None


class ImportanceProcess:
    """The last answer of each sweep; a newer one is worked out in the background, one sweep at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working: subprocess.Popen[str] | None = None
        self._answers: dict[int, Answer] = {}
        self._busy = False

    def answer(self, sweep: int, runs: int, question: Callable[[], Question]) -> Answer | None:
        """The last answer, None while there is none.

        Args:
            sweep: Row of the sweep.
            runs: How many of its runs have a value now.
            question: Called in the background.
        """
        with self._lock:
            known = self._answers.get(sweep)
            if self._busy or (known is not None and known.runs <= runs < known.runs * MORE):
                return known
            self._busy = True
        threading.Thread(target=self._work_out, args=(sweep, runs, question), daemon=True).start()
        return known

    def close(self) -> None:
        with self._lock:
            if self._working is not None:
                self._working.kill()

    def _work_out(self, sweep: int, runs: int, question: Callable[[], Question]) -> None:
        found = None
        try:
            settings, value = question()
            found = self._ask(json.dumps({"settings": settings, "value": value}))
        except Exception:
            log.exception("no importance of hyperparameters")
        with self._lock:
            self._busy = False
            self._answers[sweep] = Answer(runs, found)
            if len(self._answers) > KEPT:
                del self._answers[next(iter(self._answers))]

    def _ask(self, question: str) -> dict[str, Any] | None:
        with subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            self._working = process
            # Training and requests come first.
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
            try:
                said, _ = process.communicate(question, timeout=PATIENCE)
            finally:
                process.kill()
                self._working = None
        return json.loads(said)
