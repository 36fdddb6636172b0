"""A model's classes in a file that has its own: matched by slug, by name, or as told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput


@dataclass(frozen=True)
class Cases:
    """Rows of a file and which of the model's classes are true of them.

    Attributes:
        side: the rows.
        targets: (n, K) uint8 in the model's classes; 255 where the file cannot say.
        left_out: rows of classes that the model does not know, by the file's class.
        missing: the model's classes that the file does not have.
    """

    side: Side
    targets: np.ndarray
    left_out: dict[str, int]
    missing: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.side)

    @property
    def groups(self) -> np.ndarray:
        """(n,) str, the patient of each row."""
        return self.side.groups


def gather_cases(side: Side, card: Mapping, told: Mapping[str, str]) -> Cases:
    """Return the rows of a side in the classes of a card.

    Where one class is true of a row, rows of other classes than the model's are left out, and a class that
    the file does not have is true of none. Where several may be, nothing is known of such a class.

    Args:
        told: the model's class by the file's.

    Raises:
        BadInput: another task, a class that neither has, or none in common.
    """
    dataset = side.dataset
    if dataset.task != card["task"]:
        raise BadInput(
            f"The model was trained with task {card['task']}, but {dataset.path} has {dataset.task}: "
            "evaluate it on a file of the same task."
        )
    match = match_classes(dataset, card, told)
    multiclass = dataset.task == "multiclass"
    targets = np.full((len(side), len(card["classes"])), 0 if multiclass else 255, np.uint8)
    for k, name in enumerate(card["classes"]):
        columns = [j for j, one in enumerate(dataset.classes) if match.get(one) == name]
        if columns:
            there = side.targets[:, columns]
            # True if any is; unknown if any is and none is true.
            targets[:, k] = np.where((there == 1).any(axis=1), 1, there.max(axis=1))
    left_out = {}
    if multiclass:
        strange = [j for j, one in enumerate(dataset.classes) if one not in match]
        counts = (side.targets[:, strange] == 1).sum(axis=0)
        left_out = {dataset.classes[j]: int(n) for j, n in zip(strange, counts, strict=True) if n}
        kept = ~(side.targets[:, strange] == 1).any(axis=1)
        side, targets = Side(dataset, side.rows[kept], side.role), targets[kept]
    if not len(side):
        raise BadInput(f"No row of {dataset.path} is of a class that the model knows.")
    missing = tuple(name for name in card["classes"] if name not in match.values())
    return Cases(side, targets, left_out, missing)


def match_classes(dataset: Dataset, card: Mapping, told: Mapping[str, str]) -> dict[str, str]:
    """Return the model's class by the file's, for those that have one."""
    for file, model in told.items():
        if file not in dataset.classes:
            raise BadInput(
                f"--map {file}={model}: {dataset.path} has no class {file}, only {', '.join(dataset.classes)}"
            )
        if model not in card["classes"]:
            raise BadInput(
                f"--map {file}={model}: the model has no class {model}, only {', '.join(card['classes'])}"
            )
    named = {name.casefold(): slug for slug, name in zip(card["classes"], card["class_names"], strict=True)}
    match = {}
    for slug, name in zip(dataset.classes, dataset.class_names, strict=True):
        found = told.get(slug) or (slug if slug in card["classes"] else named.get(name.casefold()))
        if found:
            match[slug] = found
    if not match:
        raise BadInput(
            f"The model knows the classes {', '.join(card['classes'])} and {dataset.path} has "
            f"{', '.join(dataset.classes)}: say which is which by --map FILE_CLASS=MODEL_CLASS."
        )
    return match
