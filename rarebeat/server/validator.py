"""A command that judges a sweep's configuration before the sweep is made."""

from __future__ import annotations

import logging
import math
import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from rarebeat.server.errors import RequestError

log = logging.getLogger(__name__)
# The client asks again after 19 s, and a sweep whose first answer came too late would be made twice.
TIME_LIMIT = 16.0
REFUSED = 2
REMEMBERED = 64
REMEMBERED_SECONDS = 60.0


class Validator:
    """Runs the command with the configuration (YAML) on stdin: exit code 0 is yes, 2 is no, with the
    reason on stderr.

    Anything else is the command's own failure: the sweep is made, with a warning. Answers are remembered by
    content for a minute, because the client asks up to five times when it is refused; who asks later may have
    changed what the command judges by.

    Args:
        command: The command and its arguments; None accepts everything.
        clock: Seconds, from any start.
    """

    def __init__(
        self,
        command: list[str] | None,
        time_limit: float = TIME_LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command, self._time_limit, self._clock = command, time_limit, clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, tuple[float, bool, list[str]]] = OrderedDict()

    def check(self, config_yaml: str) -> list[str]:
        """Warnings to show.

        Raises:
            RequestError: with the command's sentence, when it refuses.
        """
        if not self._command:
            return []
        with self._lock:
            asked, accepted, sentences = self._answers.get(config_yaml, (-math.inf, True, []))
        if self._clock() - asked > REMEMBERED_SECONDS:
            # Not under the lock: who waited for another's check would have an answer after the client's time.
            accepted, sentences = self._run(config_yaml)
            self._remember(config_yaml, accepted, sentences)
        if not accepted:
            raise RequestError(" ".join(sentences))
        return sentences

    def _remember(self, config_yaml: str, accepted: bool, sentences: list[str]) -> None:
        with self._lock:
            self._answers.pop(config_yaml, None)
            self._answers[config_yaml] = self._clock(), accepted, sentences
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)

    def _run(self, config_yaml: str) -> tuple[bool, list[str]]:
        try:
            done = subprocess.run(
                self._command,
                input=config_yaml.encode(),
                capture_output=True,
                timeout=self._time_limit,
                env=_environment(),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            log.warning("the validator %s did not run: %s", self._command[0], error)
            return True, [
                f"the sweep was not checked: {self._command[0]} did not run ({type(error).__name__})"
            ]
        said = done.stderr.decode(errors="replace").strip()
        if done.returncode == REFUSED:
            return False, [said.removeprefix("Error: ") or "the validator refused this configuration"]
        if done.returncode != 0:
            log.warning("the validator failed with exit code %d: %s", done.returncode, said)
            return True, [f"the sweep was not checked: the validator failed with exit code {done.returncode}"]
        return True, [said] if said else []


def _environment() -> dict[str, str]:
    """This Python's folder first on PATH, so that its own commands are found."""
    folder = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])}
