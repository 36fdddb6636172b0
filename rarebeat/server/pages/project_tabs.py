"""The parts of a project."""

from __future__ import annotations

from rarebeat.server.pages.shell import Asked

PARTS = {"Runs": (), "Sweeps": ("sweeps",), "Artifacts": ("artifacts",)}


def project_tabs(asked: Asked, here: str) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """The tabs of a project's pages; `here` is the words of the one that is shown."""
    return tuple((words, (*asked.path, *below), words == here) for words, below in PARTS.items())
