"""Hyperparameters that are lists, written as text such as "32,64,32": a sweep's value is one word."""

from __future__ import annotations

from collections.abc import Sequence


def whole_numbers(name: str, text: str, most: int) -> list[int]:
    """Return [32, 64, 32] of "32,64,32"; the empty text is the empty list.

    Raises:
        ValueError: not whole numbers from 1 to `most`.
    """
    try:
        numbers = [int(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        numbers = [0]
    if not all(1 <= number <= most for number in numbers):
        raise ValueError(
            f"{name} is {text!r}, but it must be whole numbers from 1 to {most}, such as '32,64,32'."
        )
    return numbers


def of_length(name: str, numbers: Sequence[int], length: int, of: str) -> list[int]:
    """Return `numbers`, of which there must be one for each of `length` things named `of`.

    Raises:
        ValueError: another number of them.
    """
    if len(numbers) != length:
        raise ValueError(f"{name} has {len(numbers)} numbers for {length} {of}: give one for each.")
    return list(numbers)
