"""A page as a file of its own."""

from __future__ import annotations

import os
from pathlib import Path

from data_utils.errors import BadInput
from data_utils.writable import takes_files

PAGE = b"<!doctype html"


def check_page(path: Path) -> None:
    """Raise `BadInput` where a page cannot be written, or would replace what is none."""
    try:
        _check_place(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): name another file") from error


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise BadInput(f"{path} cannot be written: it is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{path} cannot be written: {path.absolute().parent} is no folder")
    if not takes_files(path.absolute().parent):
        raise BadInput(f"{path} cannot be written: nothing can be made in that folder; name another")
    if path.exists() and not _may_be_replaced(path):
        raise BadInput(f"{path} is there already and is no page: name another file")


def _may_be_replaced(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(PAGE)).lower() in (PAGE, b"")


def write_page(path: Path, document: str) -> None:
    """Write a page beside its place first, so that a killed command leaves no half of one.

    Raises:
        BadInput: a place that cannot be written to, or where something other than a page is.
    """
    check_page(path)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(document, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written ({error.strerror}): name another file.") from error
