"""Every hyperparameter of a run, gathered from beside what it belongs to, and the check of a set of values.

`python -m training.hyperparameters` prints the table and the names that a run logs, as JSON, for programs
that do not want to import TensorFlow.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import sys
from collections.abc import Mapping

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import models
from data_utils import augment, dataset, preparation, samplers
from data_utils.errors import BadInput
from training import (
    boosting,
    budget,
    checkpoint,
    embedding,
    fit,
    losses,
    metric_names,
    optimizers,
    outcome,
    transfer,
)
from training.plugins import VARIABLE, load_plugins


def gather() -> dict[str, dict]:
    """Return the union of all declarations: name -> type, default, min, max, choices, meaning, active, needs.

    A hyperparameter has an effect where each of `active` (name -> values) has one of its values, and one at
    least of `needs` (names), if there are any, is neither 0 nor empty.

    Raises:
        BadInput: two parts declare one name.
    """
    parts = [
        dataset.HYPERPARAMETERS,
        preparation.HYPERPARAMETERS,
        samplers.hyperparameters(),
        embedding.HYPERPARAMETERS,
        boosting.of_networks(augment.HYPERPARAMETERS),
        boosting.with_boosting(models.hyperparameters()),
        losses.hyperparameters(),
        boosting.of_networks(optimizers.HYPERPARAMETERS),
        transfer.HYPERPARAMETERS,
        fit.HYPERPARAMETERS,
        outcome.HYPERPARAMETERS,
        checkpoint.HYPERPARAMETERS,
        budget.HYPERPARAMETERS,
    ]
    table: dict[str, dict] = {}
    for part in parts:
        if twice := table.keys() & part.keys():
            raise BadInput(
                f"Two parts of a run declare {', '.join(sorted(twice))}: a hyperparameter of a plug-in that "
                "means another thing needs another name."
            )
        table |= part
    return table | boosting.of_networks({name: table[name] for name in boosting.OF_NETWORKS})


# Importing a module cannot end with a sentence and exit code 2; whoever first uses the table can.
REFUSED: BadInput | None = None
try:
    load_plugins(os.environ.get(VARIABLE, ""))
except BadInput as error:
    REFUSED = error
TABLE: dict[str, dict] = {}
try:
    TABLE = gather()
except BadInput as error:
    REFUSED = error


def resolve(given: Mapping, task: str | None = None) -> dict:
    """Return all hyperparameters: those given, checked and in their declared type, the others at their
    default.

    Args:
        given: name -> value.
        task: the data set's; with "multilabel" the default link is sigmoid.

    Raises:
        BadInput: an unknown name, a value of another type or out of bounds, softmax on a multi-label data
            set, or a plug-in that could not be imported.
    """
    if REFUSED:
        raise REFUSED
    values = {name: declaration["default"] for name, declaration in TABLE.items()}
    if task == "multilabel":
        values["link"] = "sigmoid"
    values |= {name: check(name, value) for name, value in given.items()}
    if task == "multilabel" and values["link"] == "softmax":
        raise BadInput(
            "link is softmax, but several classes of this data set can be true at once: use sigmoid."
        )
    return values


def inactive(hp: Mapping) -> list[str]:
    """Return the names that mean nothing under the values `hp`, such as gamma under cross-entropy."""
    return [name for name, declaration in TABLE.items() if not _is_active(declaration, hp)]


def _is_active(declaration: Mapping, hp: Mapping) -> bool:
    needs = declaration.get("needs")
    return (needs is None or any(hp[other] for other in needs)) and all(
        hp[other] in values for other, values in declaration.get("active", {}).items()
    )


def check(name: str, value: object) -> object:
    """Return `value` in the type that `name` is declared with.

    Raises:
        BadInput: no such name, another type, or out of bounds.
    """
    if name not in TABLE:
        raise BadInput(f"There is no hyperparameter {name!r}{_nearest(name)}")
    declaration = TABLE[name]
    if declaration["type"] == "choice":
        return _check_choice(name, value, declaration["choices"])
    if declaration["type"] == "str" and declaration["default"] == "" and type(value) is int:
        # YAML reads a list of one number, such as dense_sizes: 64, as the number.
        value = str(value)
    converted = _convert(name, value, declaration["type"])
    low, high = declaration.get("min", -math.inf), declaration.get("max", math.inf)
    if declaration["type"] in ("int", "float") and not low <= converted <= high:
        raise BadInput(f"{name} is {value}, which is out of bounds: it must be between {low} and {high}.")
    if converted in declaration.get("except", ()):
        raise BadInput(f"{name} cannot be {value}: it must be between {low} and {high}, and another number.")
    return converted


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, TABLE, n=1)
    return f": did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(TABLE))}."


def _check_choice(name: str, value: object, choices: list) -> object:
    if value not in choices:
        raise BadInput(f"{name} is {value!r}, which is not one of {', '.join(map(str, choices))}.")
    return value


def _convert(name: str, value: object, kind: str) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "float" and number and math.isfinite(value):
        return float(value)
    # W&B's quantised distributions give whole numbers as floats.
    if kind == "int" and number and float(value).is_integer():
        return int(value)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str):
        return value
    raise BadInput(f"{name} is {value!r}, but it must be a {_WORDS[kind]}{_exponent_hint(value)}.")


_WORDS = {"float": "number", "int": "whole number", "bool": "true or false value", "str": "text"}


def _exponent_hint(value: object) -> str:
    """YAML reads 1e-4 as text: name the spelling that it reads as a number."""
    if not isinstance(value, str) or not re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", value):
        return ""
    mantissa, exponent = value.lower().split("e")
    mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
    sign = "" if exponent[0] in "+-" else "+"
    return f": write {mantissa}e{sign}{exponent}, because YAML reads {value} as text"


if __name__ == "__main__":
    if REFUSED:
        print(REFUSED, file=sys.stderr)
        sys.exit(2)
    print(json.dumps({"hyperparameters": TABLE, "metrics": metric_names.PATTERNS}, indent=2))
