"""What happens in a forked process between the fork and the run's program."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import connection, parent_process
from pathlib import Path

# How long a run may take to end after its agent has gone (s), before it is killed.
GRACE_SECONDS = 30.0


def enter(module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Become the run: `python -m MODULE ARGUMENTS` in `environment`, whose output goes to the end of `log`.

    `module` has to have a function `main(arguments)` that returns an exit code.

    Raises:
        SystemExit: always, with that code.
    """
    os.setpgid(0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _speak_to(log)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_end_with_the_agent, daemon=True).start()
    sys.argv = [module, *arguments]
    code: object = 1
    try:
        code = importlib.import_module(module).main(list(arguments))
    finally:
        _end_the_client(code)
    sys.exit(code)


def _speak_to(log: Path) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)


def _end_with_the_agent() -> None:
    """A run whose agent was killed would train on, while the server gives its place to another."""
    connection.wait([parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _end_the_client(code: object) -> None:
    """A forked process leaves without the exit handlers that would end the client's own."""
    wandb = sys.modules.get("wandb")
    if wandb:
        wandb.teardown(code if isinstance(code, int) else 1)
