"""Where files lie that can be had again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """RAREBEAT_CACHE, or `~/.cache/rarebeat`; it need not be there yet."""
    return Path(os.environ.get("RAREBEAT_CACHE") or Path.home() / ".cache" / "rarebeat")
