"""Whether a place takes files, tried before work is put into what is to go there."""

from __future__ import annotations

import tempfile
from pathlib import Path


def takes_files(folder: Path) -> bool:
    """Whether files can be made in a folder, or in the nearest above it that is there.

    It is tried: for root, and on file systems that only look like one, permissions say yes to everything.
    """
    absolute = folder.absolute()
    try:
        there = next(path for path in (absolute, *absolute.parents) if path.exists())
        with tempfile.TemporaryDirectory(prefix=".rarebeat-", dir=there):
            return True
    except OSError:
        return False
