"""From one entry under `parameters` of a sweep to its dimension, with W&B's names, keys and defaults.

Names and meanings: https://docs.wandb.ai/models/sweeps/sweep-config-keys (read 2026-11).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rarebeat.search.curves import Beta, Curve, LogNormal, LogUniform, Normal, Uniform
from rarebeat.search.dimensions import Choice, Dimension, Lattice, Range, is_number
from rarebeat.search.errors import Path, SpaceError, did_you_mean, number_in_yaml

Spec = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """The keys of one distribution and how its dimension is made. `optional` holds W&B's defaults."""

    build: Callable[[Spec], Dimension]
    required: tuple[str, ...] = ()
    optional: dict[str, float] = field(default_factory=dict)
    above_zero: tuple[str, ...] = ()
    whole: bool = False


def _exponents(spec: Spec) -> LogUniform:
    return LogUniform(math.exp(spec["min"]), math.exp(spec["max"]))


def _inverse_exponents(spec: Spec) -> LogUniform:
    # log(1/X) uniform on [min, max] is log(X) uniform on [-max, -min].
    return LogUniform(math.exp(-spec["max"]), math.exp(-spec["min"]))


def _integers(spec: Spec) -> Lattice:
    low, high = spec["min"], spec["max"]
    return Lattice(Uniform(low - 0.5, high + 0.5), 1, low, high)


def _bounded(curve: Callable[[Spec], Curve]) -> Callable[[Spec], Range]:
    def build(spec: Spec) -> Range:
        made = curve(spec)
        return Range(made, made.ppf(0.0), made.ppf(1.0))

    return build


def _stepped(curve: Callable[[Spec], Curve]) -> Callable[[Spec], Lattice]:
    def build(spec: Spec) -> Lattice:
        made, q = curve(spec), spec["q"]
        # A hair of slack, or 0.3 / 0.1 = 2.9999999999999996 would lose the upper bound.
        first = math.ceil(made.ppf(0.0) / q - 1e-9)
        last = math.floor(made.ppf(1.0) / q + 1e-9)
        if first > last:
            raise SpaceError(f"no multiple of q = {q} lies between its bounds; make q smaller", ("q",))
        return Lattice(made, q, first, last)

    return build


def _uniform(spec: Spec) -> Uniform:
    return Uniform(float(spec["min"]), float(spec["max"]))


def _log_values(spec: Spec) -> LogUniform:
    return LogUniform(float(spec["min"]), float(spec["max"]))


def _normal(spec: Spec) -> Normal:
    return Normal(spec["mu"], spec["sigma"])


def _log_normal(spec: Spec) -> LogNormal:
    return LogNormal(spec["mu"], spec["sigma"])


def _beta(spec: Spec) -> Beta:
    return Beta(spec["a"], spec["b"])


MOST_STEPS = 2**53  # whole numbers that a double tells apart
BOUNDS = ("min", "max")
Q = {"q": 1}
BELL = {"mu": 0.0, "sigma": 1.0}
AB = {"a": 1.0, "b": 1.0}

DISTRIBUTIONS: dict[str, Form] = {
    "constant": Form(lambda spec: Choice([spec["value"]]), ("value",)),
    "categorical": Form(lambda spec: Choice(spec["values"]), ("values",)),
    "categorical_w_probabilities": Form(
        lambda spec: Choice(spec["values"], spec["probabilities"]), ("values", "probabilities")
    ),
    "int_uniform": Form(_integers, BOUNDS, whole=True),
    "uniform": Form(_bounded(_uniform), BOUNDS),
    "q_uniform": Form(_stepped(_uniform), BOUNDS, Q, ("q",)),
    "log_uniform": Form(_bounded(_exponents), BOUNDS),
    "log_uniform_values": Form(_bounded(_log_values), BOUNDS, above_zero=BOUNDS),
    "q_log_uniform": Form(_stepped(_exponents), BOUNDS, Q, ("q",)),
    "q_log_uniform_values": Form(_stepped(_log_values), BOUNDS, Q, ("q", *BOUNDS)),
    "inv_log_uniform": Form(_bounded(_inverse_exponents), BOUNDS),
    "inv_log_uniform_values": Form(_bounded(_log_values), BOUNDS, above_zero=BOUNDS),
    "normal": Form(lambda spec: Range(_normal(spec)), (), BELL),
    "q_normal": Form(lambda spec: Lattice(_normal(spec), spec["q"], None, None), (), BELL | Q, ("q",)),
    "log_normal": Form(lambda spec: Range(_log_normal(spec), low=0.0), (), BELL),
    "q_log_normal": Form(lambda spec: Lattice(_log_normal(spec), spec["q"], 0, None), (), BELL | Q, ("q",)),
    "beta": Form(_bounded(_beta), (), AB, ("a", "b")),
    "q_beta": Form(_stepped(_beta), (), AB | Q, ("q", "a", "b")),
}


def infer(spec: Spec) -> str:
    """The distribution of an entry, as the wandb client infers it where none is named.

    `values` is categorical, `value` constant, two ints int_uniform, two floats uniform.

    Raises:
        SpaceError: an int and a float bound (the client refuses them too), or nothing to infer from.
    """
    if "distribution" in spec:
        return _named(spec["distribution"])
    if "values" in spec:
        return "categorical_w_probabilities" if "probabilities" in spec else "categorical"
    if "value" in spec:
        return "constant"
    if "min" in spec and "max" in spec:
        return _from_bounds(spec["min"], spec["max"])
    raise SpaceError("it needs value, values, min and max, or a distribution")


def _named(name: object) -> str:
    if not isinstance(name, str) or name not in DISTRIBUTIONS:
        raise SpaceError(
            f"W&B has no distribution {name!r}{did_you_mean(name, DISTRIBUTIONS)}", ("distribution",)
        )
    return name


def _from_bounds(low: object, high: object) -> str:
    _number("min", low)
    _number("max", high)
    if isinstance(low, int) and isinstance(high, int):
        return "int_uniform"
    if isinstance(low, float) and isinstance(high, float):
        return "uniform"
    key, bound = ("min", low) if isinstance(low, int) else ("max", high)
    raise SpaceError(
        f"min {low} and max {high} are an integer and a float; write {key}: {float(bound)}", (key,)
    )


def parse(spec: Spec) -> Dimension:
    """The dimension of one entry under `parameters`.

    Raises:
        SpaceError: the sentence says what is wrong and what would be right; its path begins inside the entry.
    """
    form = DISTRIBUTIONS[name := infer(spec)]
    _check_keys(spec, name, form)
    filled = {**form.optional, **{key: value for key, value in spec.items() if key != "distribution"}}
    _check_values(filled, form)
    try:
        dimension = form.build(filled)
        samples = [dimension.value(unit) for unit in (0.0, 0.5, 1.0)]
    except SpaceError:
        raise
    except (ArithmeticError, ValueError) as error:  # log(0), exp(1000) and the like
        raise SpaceError(_too_large(name)) from error
    if isinstance(dimension, Range | Lattice) and not all(map(is_number, samples)):
        raise SpaceError(_too_large(name))
    if isinstance(dimension, Lattice) and max(map(abs, samples)) > MOST_STEPS * dimension.q:
        raise SpaceError(f"{name} has more steps than a floating-point number can count; make q larger")
    return dimension


def _too_large(name: str) -> str:
    if name.endswith("log_uniform"):
        return f"the bounds of {name} are exponents of e, and too large; {name}_values takes values"
    return f"the bounds of {name} are too large for a floating-point number"


def _check_keys(spec: Spec, name: str, form: Form) -> None:
    known = (*form.required, *form.optional, "distribution")
    for key in spec:
        if key not in known:
            raise SpaceError(f"{name} has no key {key!r}{did_you_mean(key, known)}", (key,))
    for key in form.required:
        if key not in spec:
            raise SpaceError(f"{name} needs {key}")


def _check_values(spec: Spec, form: Form) -> None:
    if "values" in spec or "value" in spec:
        _check_choices(spec)
        return
    for key, value in spec.items():
        _number(key, value)
        if key in form.above_zero and value <= 0:
            raise SpaceError(f"{key} is {value}; it has to be above zero", (key,))
        if form.whole and not isinstance(value, int):
            raise SpaceError(f"int_uniform needs integers and {key} is {value}; uniform takes floats", (key,))
    if "sigma" in spec and spec["sigma"] < 0:
        raise SpaceError(f"sigma is {spec['sigma']}; it cannot be negative", ("sigma",))
    if "min" in spec and spec["min"] >= spec["max"]:
        raise SpaceError(f"min {spec['min']} is not below max {spec['max']}", ("min",))


def _number(key: str, value: object) -> None:
    if is_number(value):
        return
    right = number_in_yaml(value)
    hint = f"; YAML reads that as text: write {right}" if right else "; it has to be a finite number"
    raise SpaceError(f"{key} is {value!r}{hint}", (key,))


def _check_choices(spec: Spec) -> None:
    values = spec.get("values", [spec.get("value")])
    if not isinstance(values, list) or not values:
        raise SpaceError("values has to be a list of at least one value", ("values",))
    for index, value in enumerate(values):
        _check_plain(value, ("values", index) if "values" in spec else ("value",))
    if "probabilities" in spec:
        _check_probabilities(spec["probabilities"], len(values))


def _check_plain(value: object, path: Path) -> None:
    """Whatever JSON carries may be a value: YAML's dates and .nan may not."""
    if isinstance(value, list):
        parts: list = list(enumerate(value))
    elif isinstance(value, dict):
        parts = list(value.items())
    elif value is None or isinstance(value, str | bool) or is_number(value):
        return
    else:
        raise SpaceError(f"{value} is a {type(value).__name__}, which JSON cannot carry; quote it", path)
    for key, part in parts:
        _check_plain(part, (*path, key))


def _check_probabilities(weights: object, count: int) -> None:
    path = ("probabilities",)
    if not isinstance(weights, list) or not all(is_number(weight) and weight >= 0 for weight in weights):
        raise SpaceError("probabilities has to be a list of numbers from 0 to 1", path)
    if len(weights) != count:
        raise SpaceError(
            f"there are {count} values and {len(weights)} probabilities; each value needs one", path
        )
    if not math.isclose(total := math.fsum(weights), 1.0, abs_tol=1e-6):
        raise SpaceError(f"the probabilities sum to {total:.6g}; they have to sum to 1", path)
