"""What is wrong with a sweep, as a sentence, and where in its configuration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

Path = tuple[str | int, ...]


class SpaceError(ValueError):
    """A sweep that cannot be searched: one sentence, and the keys that lead to the place.

    `path` is the way through the configuration, as in `("parameters", "gamma", "min")`, so that a caller who
    has the YAML can name the line.
    """

    def __init__(self, sentence: str, path: Path = ()) -> None:
        super().__init__(sentence)
        self.path = path


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """`"; did you mean gamma?"` when one of the names is near, otherwise `""`."""
    names = list(names)
    same = [known for known in names if known.casefold() == str(name).casefold()]
    near = same or difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


NUMBER_AS_TEXT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


def number_in_yaml(text: object) -> str | None:
    """How a number that YAML 1.1 read as text has to be written; None for any other text.

    YAML 1.1 wants a point in the mantissa and a sign in the exponent: `1e-4` is text, `1.0e-4` is a number.

    >>> number_in_yaml("1e-4"), number_in_yaml("2.5E3"), number_in_yaml("focal")
    ('1.0e-4', '2.5e+3', None)
    """
    if not isinstance(text, str) or not NUMBER_AS_TEXT.fullmatch(text):
        return None
    mantissa, exponent = text.lower().split("e")
    whole, _, fraction = mantissa.partition(".")
    sign = exponent[0] if exponent[0] in "+-" else "+"
    return f"{whole or '0'}.{fraction or '0'}e{sign}{exponent.lstrip('+-')}"
