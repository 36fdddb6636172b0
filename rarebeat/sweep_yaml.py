"""A sweep's YAML with the line of everything in it, so that a refusal can say where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from rarebeat.search.errors import Path, SpaceError

DEEPEST = (
    12  # levels that are looked at for lines: far beyond any sweep, and short of a recursive anchor's end
)


@dataclass(frozen=True)
class SweepYaml:
    """`config` is what W&B would read; `lines` count from 1; `twice` are keys given more than once."""

    config: Any
    lines: dict[Path, int] = field(default_factory=dict)
    twice: tuple[tuple[Path, int], ...] = ()

    def line(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest thing above it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


class NotYaml(ValueError):
    """Text that is no YAML: a sentence, and the line where reading stopped."""

    def __init__(self, sentence: str, line: int | None) -> None:
        super().__init__(sentence)
        self.line = line


def read_sweep(text: str) -> SweepYaml:
    """Reads YAML, or JSON as a client sends it (where 1e-05 is a number, which in YAML it is not).

    Raises:
        NotYaml: with the line.
    """
    if text.lstrip().startswith("{"):
        try:
            return SweepYaml(json.loads(text))
        except json.JSONDecodeError:
            pass  # a YAML mapping in braces
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        config = loader.construct_document(node) if node else None
        places = list(_places(loader, node, ())) if node else []
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _not_yaml(error, text) from error
    return SweepYaml(config, dict(reversed(places)), _repeated(places))


def _not_yaml(error: Exception, text: str) -> NotYaml:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return NotYaml(f"this is not YAML: it has the character {chr(error.character)!r}", line)
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error) or "nested too deeply"
    if reason.startswith("but "):  # the end of a sentence that the context begins
        reason = f"{error.context} {reason}"
    sentence = " ".join(f"this is not YAML: {reason}".split())
    return NotYaml(sentence, mark.line + 1 if mark else None)


def _places(loader: yaml.SafeLoader, node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    if len(path) >= DEEPEST:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, _hashable(loader.construct_object(key, deep=True)))
            yield here, key.start_mark.line + 1
            yield from _places(loader, value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _places(loader, value, (*path, index))


def _hashable(key: object) -> Any:
    return key if isinstance(key, str | int | float | bool | None) else str(key)


def _repeated(places: list[tuple[Path, int]]) -> tuple[tuple[Path, int], ...]:
    seen: set[Path] = set()
    again = []
    for path, line in places:
        below_a_repeat = any(path[: len(other)] == other for other, _ in again)
        if path in seen and not below_a_repeat:
            again.append((path, line))
        seen.add(path)
    return tuple(again)


def repeats(sweep: SweepYaml) -> list[tuple[SpaceError, int]]:
    """A refusal and its line for each key that is given twice: YAML would silently take the last."""
    return [
        (SpaceError(f"{path[-1]} is given twice; it stands in line {sweep.line(path)} already", path), line)
        for path, line in sweep.twice
    ]
