"""A page as a file of its own."""

from __future__ import annotations

import os
from pathlib import Path

from data_utils.errors import BadInput


def write_page(path: Path, document: str) -> None:
    """Write a page beside its place first, so that a killed command leaves no half of one.

    Raises:
        BadInput: a place that cannot be written to.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(document, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written ({error.strerror}): name another file.") from error
