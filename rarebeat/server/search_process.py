"""The search in a process of its own, so that the other requests do not wait for its arithmetic.

A thread would not do: a search of a thousand runs keeps the interpreter for tenths of a second, and every
other request would be a few times slower meanwhile.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from rarebeat.server import strict_json

if TYPE_CHECKING:
    from rarebeat.search import Run

# -P: the folder that the server was started in may hold a signal.py or a random.py of the user's.
COMMAND = [sys.executable, "-P", "-m", "rarebeat.search"]
PATIENCE = 5.0  # s that it gets to end by itself


class SearchProcess:
    """Started when it is first asked, and again after it has died; one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def suggest(self, config: dict[str, Any], runs: list[Run], seed: int) -> dict[str, Any] | None:
        """What `rarebeat.search.suggest` answers.

        Raises:
            SpaceError: what it raises.
            RuntimeError: the process died over this question.
        """
        question = strict_json.dump({"config": config, "seed": seed, "runs": [vars(run) for run in runs]})
        with self._lock:
            answer = self._ask(question)
        if "refused" in answer:
            # Imported here: it brings numpy and more, which a server without sweeps does not need.
            from rarebeat.search import SpaceError

            raise SpaceError(answer["refused"])
        return answer["params"]

    def close(self) -> None:
        with self._lock:
            if self._process is not None:
                self._end(self._process)

    def start(self) -> None:
        """Starts it, unless it runs or is asked already: what comes soon need not wait for its imports."""
        if self._lock.acquire(blocking=False):
            try:
                self._started()
            finally:
                self._lock.release()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                # Ctrl-C in the server's terminal is for the server, whose end ends this one.
                start_new_session=True,
            )
        return self._process

    def _ask(self, question: str) -> dict[str, Any]:
        process = self._started()
        try:
            process.stdin.write(question + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"the search process ended with {self._end(process)}")
        return json.loads(line)

    def _end(self, process: subprocess.Popen[str]) -> int:
        self._process = None
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return process.returncode
