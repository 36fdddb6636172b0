"""Sources by name, imported only when they are asked for: what reads WFDB takes a second to load."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from data_utils.errors import BadInput
from data_utils.summary import LeftOut

BUILT_IN = {
    "mitdb": "data_utils.sources.mitdb",
    "ptb-xl": "data_utils.sources.ptb_xl",
    "heartbeat-csv": "data_utils.sources.heartbeat_csv",
    "cinc": "data_utils.sources.cinc",
    "zzu-pecg": "data_utils.sources.zzu_pecg",
    "h5-records": "data_utils.sources.h5_records",
    "records": "data_utils.sources.records",
}


class Build(Protocol):
    """Reads `source` into `out` and its `.test.h5`; returns what was left out."""

    def __call__(
        self,
        source: Path,
        out: Path,
        options: Any,
        overwrite: bool = False,
        progress: Callable[[int, int], None] = ...,
    ) -> list[LeftOut]: ...


class Fetch(Protocol):
    """Downloads what `options` need, or everything where they are None, into a folder."""

    def __call__(
        self, folder: Path, base: str, options: Any, progress: Callable[[int, int], None]
    ) -> None: ...


@dataclass(frozen=True)
class Source:
    """A source as the command line knows it.

    Attributes:
        options: a frozen dataclass, each of whose fields was made by `option`.
        meaning: what comes of it, in a sentence or two.
        reads: what its --from names.
        fetch: downloads the original, where it is published for everybody.
    """

    build: Build
    options: type
    meaning: str
    reads: str
    fetch: Fetch | None = None


SOURCES: dict[str, Source] = {}


def register_source(name: str, source: Source) -> None:
    """Make a source known by name.

    Raises:
        ValueError: the name is taken.
    """
    if name in SOURCES:
        raise ValueError(f"There is already a source named {name}.")
    SOURCES[name] = source


def names() -> list[str]:
    """Every source, without importing any."""
    return list(dict.fromkeys((*BUILT_IN, *SOURCES)))


def source_named(name: str) -> Source:
    """The source of that name; one that is built in is imported now.

    Raises:
        BadInput: no such source.
    """
    if name not in names():
        raise BadInput(f"There is no source {name!r}: use one of {', '.join(names())}.")
    if name not in SOURCES:
        importlib.import_module(BUILT_IN[name])
    return SOURCES[name]


def option(default: Any, meaning: str, kind: str = "text", choices: tuple[str, ...] = ()) -> Any:
    """A field of an options class, with what the command line has to know of it.

    Args:
        kind: "flag", "int", "float", "text", "choice", "names" (a tuple, with commas between), "band" (two
            numbers with a comma between), "folder" (stands in for --from), or
            "seconds" (a number, 10 where none is given).
    """
    return dataclasses.field(default=default, metadata={"kind": kind, "meaning": meaning, "choices": choices})
