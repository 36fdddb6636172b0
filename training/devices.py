"""The device that a run trains on, looked at once before it begins."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import keras

from data_utils.errors import BadInput
from training.quiet import native_stderr_silenced

ALLOW_CPU = "RAREBEAT_ALLOW_CPU"


def check_device(environ: Mapping[str, str]) -> None:
    """Make the CPU repeat itself bit by bit, or use the GPU that is there.

    Raises:
        BadInput: a GPU is there and Keras does not see it: a sweep would crawl on the CPU unnoticed.
    """
    if sees_gpu():
        return
    if has_gpu() and environ.get(ALLOW_CPU) != "1":
        raise BadInput(
            f"This machine has a GPU that Keras ({keras.backend.backend()}) does not see: install "
            f"rarebeat[gpu] or mend its driver; {ALLOW_CPU}=1 trains on the CPU."
        )
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


def sees_gpu() -> bool:
    """Whether Keras's backend has a GPU to train on."""
    # TensorFlow complains here of each library that a machine without a GPU lacks.
    with native_stderr_silenced():
        return bool(keras.distribution.list_devices("gpu"))


def has_gpu() -> bool:
    """Whether this machine has an NVIDIA GPU: its device file, or the driver's tool."""
    return Path("/dev/nvidia0").exists() or b"GPU 0" in _listed_by_driver()


def _listed_by_driver() -> bytes:
    tool = shutil.which("nvidia-smi")
    return subprocess.run([tool, "-L"], capture_output=True).stdout if tool else b""
