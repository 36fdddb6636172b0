"""Which metrics belong into one chart, told from their names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# What is measured on several sides of the data, or remembered: `train/loss` and `val_loss` are one chart.
SIDES = ("val", "valid", "validation", "dev", "train", "training", "test", "eval", "best")
SINGLE = ""  # the section of what stands for itself
_SIDED = re.compile(rf"({'|'.join(SIDES)})[/_.](.+)", re.IGNORECASE)
_ORDER = (SINGLE, *SIDES)


@dataclass(frozen=True)
class Family:
    """A chart: `lines` are (what to call it, the metric's name)."""

    title: str
    section: str
    lines: tuple[tuple[str, str], ...]


def families(names: Iterable[str]) -> list[Family]:
    """The charts of these metrics, those of a section together.

    `val/auprc/N` and `val/auprc/S` are one chart with a line for each class, in the section `val`;
    `train/loss`, `val/loss` and `loss` are one chart with a line for each side.
    """
    names = list(names)
    parents = [name.rpartition("/")[0] for name in names]
    charts: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name, parent in zip(names, parents, strict=True):
        if "/" in parent and parents.count(parent) > 1:
            key, called = (parent.partition("/")[0], parent), name.rpartition("/")[2]
        else:
            sided = _SIDED.fullmatch(name) if name.count("/") < 2 else None
            key, called = (SINGLE, sided[2] if sided else name), sided[1] if sided else name
        charts.setdefault(key, []).append((called, name))
    listed = [
        Family(title if len(lines) > 1 else lines[0][1], section, _in_order(lines))
        for (section, title), lines in charts.items()
    ]
    return sorted(listed, key=lambda family: (_place(family.section), family.section, _rank(family.title)))


def machine_families(names: Iterable[str]) -> list[Family]:
    """The charts of `system.…` metrics: the parts of one kind, such as GPUs, in one."""
    charts: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names):
        short = name.removeprefix("system.")
        numbered = re.search(r"\.(\d+)\.", short)
        title = short.replace(numbered[0], ".", 1) if numbered else short
        charts.setdefault(title, []).append((numbered[1] if numbered else short, name))
    return [Family(title, "system", tuple(lines)) for title, lines in sorted(charts.items())]


def _in_order(lines: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The same names in the same order in every chart, so that each has one colour."""
    return tuple(sorted(lines, key=lambda line: (_place(line[0].lower()), line[0])))


def _place(side: str) -> int:
    return _ORDER.index(side) if side in _ORDER else len(_ORDER)


def _rank(title: str) -> tuple[bool, str]:
    return "loss" not in title.lower(), title.lower()
