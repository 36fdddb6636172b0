"""Keep the memory that a training step gives back, because the next step wants the same.

The C library returns large blocks to the system at once, and each comes back as pages that are cleared one by
one: on two cores that took nearly half of a run's speed (`benchmarks/training_speed.py --memory`).
"""

from __future__ import annotations

import ctypes
import sys

# Of mallopt(3): blocks come from the heap up to the 32 MiB that glibc allows, and what is free at its end
# goes back only beyond 2 GiB, and never the last 256 MiB.
OPTIONS = {
    "M_MMAP_THRESHOLD": (-3, 32 << 20),
    "M_TRIM_THRESHOLD": (-1, 2**31 - 1),
    "M_TOP_PAD": (-2, 256 << 20),
}


def keep_memory() -> None:
    """Set the C library of this process so, where it is glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for option, value in OPTIONS.values():
            mallopt(option, value)
