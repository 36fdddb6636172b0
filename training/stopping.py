"""Being asked to end: SIGTERM, by which schedulers preempt a job and agents stop a run."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# What a shell shows for a process that ended by the signal: 128 + its number.
TERMINATED = 128 + signal.SIGTERM
INTERRUPTED = 128 + signal.SIGINT


class Terminated(Exception):
    """The run was asked to end by SIGTERM, and the step under way is done."""


@contextmanager
def sigterm_noted() -> Iterator[Callable[[], bool]]:
    """Note SIGTERM instead of dying of it; gives a function that says whether it has come.

    Only the main thread can take signals: elsewhere nothing changes.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return
    before = signal.signal(signal.SIGTERM, lambda *_: came.set())
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before)


def end_process(code: int) -> int:
    """Return the exit code, or die by the signal that it stands for.

    To an agent a run that a signal ended has been stopped, while an exit code above 0 has failed, and after
    some failures the agent gives up.
    """
    by = {TERMINATED: signal.SIGTERM, INTERRUPTED: signal.SIGINT}.get(code)
    if by:
        signal.signal(by, signal.SIG_DFL)
        os.kill(os.getpid(), by)
    return code
