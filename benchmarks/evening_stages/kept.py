"""What a stage came to and what it took, on disk, so that the same command goes on where it ended."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evening_stages.commands import Commands


@dataclass(frozen=True)
class Stage:
    """`found` is what it came to; `wall` and `processor` are seconds over all attempts, `load` how many
    programs wanted the machine in the last quarter of an hour of it, on average; `calls` is in how many calls
    it was made, one more than it was interrupted.
    """

    found: Any
    wall: float
    processor: float
    load: float
    calls: int = 1


@dataclass(frozen=True)
class Kept:
    """Stages in `folder`, each beside the settings that it was made with."""

    folder: Path
    commands: Commands

    def stage(self, name: str, settings: Mapping[str, Any], make: Callable[[], Any]) -> Stage:
        """Return what is kept of the stage with these settings, or make and keep it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file, wanted = self.folder / f"{name}.json", json.loads(json.dumps(settings))
        stored = json.loads(file.read_text()) if file.exists() else {}
        if stored.get("settings") != wanted:
            stored = {"settings": wanted, "attempts": []}
        if "found" not in stored:
            began, before = time.monotonic(), self.commands.processor_seconds()
            try:
                stored["found"] = make()
            finally:
                spent = [time.monotonic() - began, self.commands.processor_seconds() - before]
                stored["attempts"].append([*spent, os.getloadavg()[2]])
                file.write_text(json.dumps(stored, indent=1))
        wall, processor, loads = zip(*stored["attempts"], strict=True)
        return Stage(stored["found"], sum(wall), sum(processor), loads[-1], len(loads))
