"""Which devices this machine has, and which agent takes which."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

ASK_SECONDS = 30.0


def gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the GPUs that runs may use, as CUDA_VISIBLE_DEVICES names them.

    The driver's own program is asked: a library that looked itself would have to initialise the driver, and
    a process that has done so cannot be forked any more.
    """
    if "CUDA_VISIBLE_DEVICES" in environment:
        return [name.strip() for name in environment["CUDA_VISIBLE_DEVICES"].split(",") if name.strip()]
    if shutil.which("nvidia-smi") is None:
        return []
    asked = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        timeout=ASK_SECONDS,
        check=False,
    )
    return asked.stdout.split() if asked.returncode == 0 else []


def places(devices: list[str], per_device: int) -> list[str | None]:
    """Return the device of each agent: every GPU once, then again; None is the processor.

    >>> places(["0", "1"], 2)
    ['0', '1', '0', '1']
    """
    return (devices or [None]) * per_device
