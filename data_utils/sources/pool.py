"""Decode recordings on every core: results in order, few of them in memory, no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

# Starting processes takes longer than decoding so few recordings here.
_WORTH_IT = 500
_AHEAD = 8


def in_order(function: Callable, arguments: Sequence) -> Iterator:
    """`map`, on every core where there is enough to do; at most a few results a core are waiting.

    Args:
        function: of a module, or a partial of one; called in other processes.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < 2 or len(arguments) < _WORTH_IT:
        yield from map(function, arguments)
        return
    # Not fork: it copies locks that other threads of ours, such as the progress bar's, may hold.
    context = multiprocessing.get_context("spawn")
    with _no_module_from_here():
        pool = ProcessPoolExecutor(cores, context, initializer=_end_with_parent)
    waiting: deque[Future] = deque()
    try:
        for argument in arguments:
            with _no_module_from_here():
                waiting.append(pool.submit(function, argument))
            if len(waiting) >= cores * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_module_from_here() -> Iterator[None]:
    """While processes start: a signal.py in the working folder would end them.

    Where this process finds its modules they are told once they run.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        os.environ.pop("PYTHONSAFEPATH")
        os.environ |= {} if before is None else {"PYTHONSAFEPATH": before}


def _end_with_parent() -> None:
    """End this process as soon as the one that builds is gone, however it went."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
