"""What ends training from outside: limits of time and memory, and being asked to end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping

import keras

from training.stopping import Terminated

HYPERPARAMETERS = {
    "max_minutes": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 100000.0,
        "meaning": "Minutes of training, all folds and attempts together, shared equally among folds: no "
        "epoch begins that would not fit; 0 is no limit.",
    },
    "max_memory_gb": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 100000.0,
        "meaning": "Memory of the run's process in GB (10^9 bytes) above which it ends; 0 is no limit.",
    },
}


class OverBudget(Exception):
    """The run uses more memory than it may; the message says what may be changed."""


class EndWhenAsked(keras.callbacks.Callback):
    """Raises `Terminated` after the step in which `asked` becomes true."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        super().__init__()
        self._asked = asked

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self._asked():
            raise Terminated("Asked to end (SIGTERM): the run goes on from its last checkpoint.")


class TimeBudget(keras.callbacks.Callback):
    """Ends training, with its best weights, after the epoch behind which another one would not fit.

    The longest epoch so far says how long another would take. The first epoch always runs.

    Args:
        minutes: of the whole run.
        share: the part of it, 0 to 1, by which this fold should be over.
        spent: seconds that the run has taken so far.
    """

    def __init__(self, minutes: float, share: float, spent: Callable[[], float]) -> None:
        super().__init__()
        self.longest = 0.0
        self._until, self._minutes, self._spent = minutes * 60 * share, minutes, spent

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.longest = max(self.longest, time.monotonic() - self._began)
        if self._spent() + self.longest > self._until:
            self.model.stop_training = True
            print(f"No further epoch fits into max_minutes={self._minutes:g}: the best so far is kept.")


class MemoryBudget(keras.callbacks.Callback):
    """Raises `OverBudget` after the step in which the process holds more than `gigabytes`."""

    def __init__(self, gigabytes: float, held: Callable[[], int] | None = None) -> None:
        super().__init__()
        self._limit, self._held = gigabytes, held or resident_bytes

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._check()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._check()

    def _check(self) -> None:
        held = self._held() / 1e9
        if held > self._limit:
            raise OverBudget(
                f"The run holds {held:.2f} GB of memory, and max_memory_gb is {self._limit:g}: take a "
                "smaller batch_size, window or network, or allow more."
            )


def budgets(hp: Mapping, fold: int | None, spent: Callable[[], float]) -> list[TimeBudget | MemoryBudget]:
    """Return the callbacks that hold a fold to the run's limits; none where there are none."""
    held: list[TimeBudget | MemoryBudget] = []
    if hp["max_minutes"]:
        share = 1.0 if fold is None else (fold + 1) / hp["folds"]
        held.append(TimeBudget(hp["max_minutes"], share, spent))
    if hp["max_memory_gb"]:
        held.append(MemoryBudget(hp["max_memory_gb"]))
    return held


def resident_bytes() -> int:
    """Return the memory that this process holds now; where the system does not say, the most it ever held."""
    try:
        with open("/proc/self/statm") as pages:
            return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak_bytes()


def peak_bytes() -> int:
    """Return the most memory that this process ever held."""
    import resource

    # Kilobytes, but bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
