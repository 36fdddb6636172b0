"""How many rows of each class a resampled pass holds: the hyperparameter `sampler_target`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_utils.errors import BadInput

TARGET = {
    "sampler_target": {
        "type": "str",
        "default": "auto",
        "meaning": "Rows of a class in one pass. auto: as many as the most frequent class has when raising, "
        'as the rarest has when cutting. Else "majority", a number ("2000"), a share of the most frequent '
        'class ("0.5"), or such an amount for each class ("S=2000,V=0.5"; others stay).',
    },
}

_FORMS = 'write auto, majority, a number such as 2000, a share such as 0.5, or "S=2000,V=0.5"'

Target = str | float | Mapping[str, float | str]


def raised(target: Target, counts: Mapping[int, int], classes: Sequence[str]) -> dict[int, int]:
    """Rows that each stratum is raised to; none is cut.

    Args:
        target: as `sampler_target` has it; a number or a map of them does as well.
        counts: stratum -> rows that the training side has; len(classes) stands for rows without a positive.
    Raises:
        BadInput: a target that cannot be read, or one for a class that has more rows or none.
    """
    most = max(counts.values())
    amounts = _read(target, classes)
    if not isinstance(amounts, dict):
        goal = _rows("majority" if amounts == "auto" else amounts, most)
        return {stratum: max(count, goal) for stratum, count in counts.items()}
    goals = dict(counts)
    for stratum, amount in amounts.items():
        goal, have = _rows(amount, most), counts.get(stratum, 0)
        if not have:
            raise BadInput(f"sampler_target names {classes[stratum]}, which has no training rows to repeat.")
        if goal < have:
            raise BadInput(
                f"sampler_target is {goal} for {classes[stratum]}, which has {have} training rows already: "
                "raise the number, or use sampler undersample to cut."
            )
        goals[stratum] = goal
    return goals


def cut(target: Target, counts: Mapping[int, int], classes: Sequence[str]) -> dict[int, int]:
    """Rows that each stratum is cut to; none is raised. Arguments and errors as for `raised`."""
    most = max(counts.values())
    amounts = _read(target, classes)
    if not isinstance(amounts, dict):
        goal = min(counts.values()) if amounts == "auto" else _rows(amounts, most)
        if goal >= most and len(set(counts.values())) > 1:
            raise BadInput(
                f"sampler_target={target} cuts nothing: the most frequent class has {most} training rows, so "
                "name fewer, or use sampler oversample to raise."
            )
        return {stratum: min(count, goal) for stratum, count in counts.items()}
    goals = dict(counts)
    for stratum, amount in amounts.items():
        goal, have = _rows(amount, most), counts.get(stratum, 0)
        if goal > have:
            raise BadInput(
                f"sampler_target is {goal} for {classes[stratum]}, which has only {have} training rows: "
                "lower the number, or use sampler oversample to raise."
            )
        goals[stratum] = goal
    return goals


def _rows(amount: float | str, most: int) -> int:
    """A share of 0 to 1 is one of the most frequent class; more than 1 is a number of rows."""
    share = 1.0 if amount == "majority" else float(amount)
    return max(1, round(share * most)) if share <= 1 else round(share)


def _read(target: Target, classes: Sequence[str]) -> float | str | dict[int, float | str]:
    """One amount for all, or one for each named class by its position."""
    if isinstance(target, Mapping):
        pairs = [(str(name), amount) for name, amount in target.items()]
    elif isinstance(target, str) and "=" in target:
        pairs = [tuple(part.strip() for part in pair.split("=", 1)) for pair in target.split(",")]
    else:
        return "auto" if target == "auto" else _amount(target, target)
    if any(len(pair) != 2 for pair in pairs):
        raise BadInput(f"sampler_target={target} cannot be read: {_FORMS}.")
    unknown = [name for name, _ in pairs if name not in classes]
    if unknown:
        raise BadInput(
            f"sampler_target names {unknown[0]}, which is no class of this file: {', '.join(classes)}."
        )
    return {classes.index(name): _amount(amount, target) for name, amount in pairs}


def _amount(value: float | str, target: Target) -> float | str:
    if value == "majority":
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 < number < 1e9 or (number > 1 and not number.is_integer()):
        raise BadInput(f"sampler_target={target} cannot be read: {_FORMS}.")
    return number
