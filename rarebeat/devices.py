"""Which agent takes which device of this machine."""

from __future__ import annotations

from training.gpus import visible_gpus


def places(devices: list[str], per_device: int) -> list[str | None]:
    """Return the device of each agent: every GPU once, then again; None is the processor.

    >>> places(["0", "1"], 2)
    ['0', '1', '0', '1']
    """
    return (devices or [None]) * per_device


def agent_places(agents: int) -> list[str | None]:
    """Return a device of this machine for each agent, the GPUs in turn."""
    devices = visible_gpus()
    return places(devices, -(-agents // max(1, len(devices))))[:agents]
