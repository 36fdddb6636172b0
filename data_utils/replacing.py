"""Put several new files in the place of older ones: all of them, or none."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Return when what was written to a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_together(folder: Path, finals: list[Path], gone: list[Path]) -> None:
    """Move the new files into place and older ones out of it; if any move fails, put everything back.

    Args:
        folder: holds the new files under their names; older ones go there.
        finals: the places of the new files.
        gone: files that have no successor.
    """
    undo: list[tuple[Path, Path]] = []
    try:
        for final in (*finals, *gone):
            if final.exists():
                _move(final, folder / f"old.{final.name}", undo)
        for final in finals:
            _move(folder / final.name, final, undo)
    except BaseException:
        for source, target in reversed(undo):
            os.replace(target, source)
        raise
    sync(finals[0].parent)


def _move(source: Path, target: Path, undo: list[tuple[Path, Path]]) -> None:
    os.replace(source, target)
    undo.append((source, target))
