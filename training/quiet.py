"""Import Keras without TensorFlow's start-up noise, which would bury the one sentence that matters, and
without what no run uses, which would take two fifths of the time.

Import this module before anything that imports Keras.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator

from training.allocator import keep_memory

# What Keras imports where it is installed: for its plots, its data frames and its wrapping of models.
UNUSED = ("matplotlib", "pandas", "sklearn")


@contextlib.contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Send what C++ writes to file descriptor 2 nowhere; Python's own errors still come out as exceptions."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def as_if_missing(*names: str) -> Iterator[None]:
    """Let packages that are not imported yet look as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Do not look for garbage among what imports leave behind, which is none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


keep_memory()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with native_stderr_silenced(), as_if_missing(*UNUSED), without_collection():
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        # For the conversion to a format of phones, where JAX is installed.
        with as_if_missing("jax"):
            import tensorflow  # noqa: F401
    import keras  # noqa: F401
