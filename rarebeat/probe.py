"""What a sweep costs on a data file: its smallest and largest run, built and started in another process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from data_utils.errors import BadInput
from rarebeat.search import parse_space
from rarebeat.search.dimensions import Choice, Dimension, is_number

PATIENCE = 900  # seconds for all points together


def corners(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lowest and the highest point of a sweep, of each family of models that it searches.

    A Dimension's ends are its bounds; of a choice they are the least and the greatest: numbers by size,
    lists such as "64,32" by their sum, words in the order given.
    """
    space = parse_space(config["parameters"])
    named = {path[0]: dimension for path, dimension in zip(space.names, space.dimensions, strict=True)}
    models = list(named["model"].values()) if isinstance(named.get("model"), Choice) else [None]
    ends = [{name: _end(dimension, last) for name, dimension in named.items()} for last in (False, True)]
    points = [{**end, **({"model": model} if model else {})} for model in models for end in ends]
    return [point for i, point in enumerate(points) if point not in points[:i]]


def _end(dimension: Dimension, last: bool) -> Any:
    if not isinstance(dimension, Choice):
        # Distributions without bounds are taken where all but a hundredth lies within.
        low, high = (
            (0.0, 1.0) if dimension.value(0.0) > -1e300 and dimension.value(1.0) < 1e300 else (0.01, 0.99)
        )
        return dimension.value(high if last else low)
    values = list(dimension.values())
    sizes = [_size(value) for value in values]
    if all(size is not None for size in sizes):
        values = [value for _, _, value in sorted(zip(sizes, range(len(values)), values, strict=True))]
    return values[-1 if last else 0]


def _size(value: object) -> float | None:
    if isinstance(value, bool) or is_number(value):
        return float(value)
    try:
        return float(sum(int(part) for part in str(value).split(",")))
    except ValueError:
        return None


def probe(config: Mapping[str, Any], data: str) -> dict[str, Any]:
    """Return {"refused": [{point, sentence}], "measured": [smallest, largest]} of a sweep on a data file.

    Raises:
        BadInput: the process failed or took longer than it may.
    """
    asked = json.dumps({"data": data, "points": corners(config)})
    command = [sys.executable, "-P", "-m", "training.probe"]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadInput(f"two steps of the largest run were not done within {PATIENCE} s") from None
    if done.returncode != 0:
        reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise BadInput(f"no run of this sweep could be started on {data}: {reason}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def lines(found: Mapping[str, Any], runs: int | None) -> list[str]:
    """Return what to print about a probe; `runs` is the run_cap, or the grid's points, or None for no end."""
    measured = found["measured"]
    said = [
        f"{name}: {one['parameters']:,} parameters ({one['megabytes']:.2f} MB), "
        f"{one['step_seconds'] * 1e3:.0f} ms a step, {_time(one['run_seconds'])} a run, "
        f"{one['memory_mb'] / 1e3:.1f} GB of memory"
        for name, one in zip(("smallest model", "largest model"), measured, strict=False)
    ]
    if measured and runs:
        low, high = (end(one["run_seconds"] for one in measured) * runs for end in (min, max))
        said.append(f"{runs} runs one after another: {_time(low)} to {_time(high)}, without early stopping")
    return said


def _time(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
