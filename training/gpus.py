"""The GPUs of this machine, as its driver lists them, and those that the environment lets runs use."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

from data_utils.errors import BadInput

VISIBLE = "CUDA_VISIBLE_DEVICES"
# Entries of VISIBLE that are no device: CUDA takes none from the first of these on.
NO_DEVICE = ("", "-1", "NoDevFiles", "none", "void")
DEVICE_FILE = Path("/dev/nvidia0")
ASK_SECONDS = 30.0


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the GPUs that runs may use, as CUDA_VISIBLE_DEVICES names them.

    Raises:
        BadInput: the driver's program does not answer.

    >>> visible_gpus({"CUDA_VISIBLE_DEVICES": "3, GPU-8a1f, -1, 2"})
    ['3', 'GPU-8a1f']
    """
    if VISIBLE not in environment:
        return _listed_by_driver()
    names = (name.strip() for name in environment[VISIBLE].split(","))
    return list(takewhile(lambda name: name not in NO_DEVICE, names))


def hides_gpus(environment: Mapping[str, str]) -> bool:
    """Whether somebody has said that no GPU is to be used."""
    return VISIBLE in environment and not visible_gpus(environment)


def has_gpu() -> bool:
    """Whether this machine has an NVIDIA GPU, used or not: its device file, or the driver's word."""
    return DEVICE_FILE.exists() or bool(_listed_by_driver())


def _listed_by_driver() -> list[str]:
    # The driver's own program is asked: a library that looked itself would have to initialise the driver,
    # and a process that has done so cannot be forked any more.
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=index", "--format=csv,noheader"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise BadInput(
            f"nvidia-smi did not answer within {ASK_SECONDS:g} s: mend the driver, or say which GPUs runs "
            f"may use in {VISIBLE} (empty: none)"
        ) from error
    return asked.stdout.split() if asked.returncode == 0 else []
