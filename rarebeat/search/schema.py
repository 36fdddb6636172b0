"""What a W&B sweep configuration may say, and everything that is wrong with one.

Keys and rules after https://docs.wandb.ai/models/sweeps/sweep-config-keys and the open schema of W&B's own
engine (github.com/wandb/sweeps), read 2026-11: keys that it does not know are refused there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rarebeat.search.dimensions import is_number
from rarebeat.search.engines import ENGINES
from rarebeat.search.engines.grid import refuse_endless
from rarebeat.search.errors import Path, SpaceError, did_you_mean, number_in_yaml
from rarebeat.search.runs import IMPUTES
from rarebeat.search.space import faults, parse_space

TOP_LEVEL = (
    "apiVersion",
    "command",
    "controller",
    "description",
    "early_terminate",
    "entity",
    "image_uri",
    "job",
    "kind",
    "method",
    "metric",
    "metrics",
    "name",
    "parameters",
    "program",
    "project",
    "run_cap",
    "scheduler",
)
METRIC = ("name", "goal", "target", "impute", "impute_while_running")
EARLY_TERMINATE = ("type", "min_iter", "max_iter", "s", "eta", "strict")
LEARNING = ("bayes", "tpe")  # methods that go nowhere without a metric
OUTSIDE = "custom"  # the method that leaves the search to a scheduler of the user's


def problems(config: object) -> list[SpaceError]:
    """Everything that keeps a sweep from being run, in the order of its parts; empty for a good one."""
    if not isinstance(config, dict):
        empty = "nothing is in it; " if config is None else ""
        return [SpaceError(f"{empty}a sweep is a mapping with method, metric and parameters")]
    return [
        *_key_faults("a sweep", config, TOP_LEVEL, ()),
        *_method_faults(config),
        *_metric_faults(config),
        *_metrics_faults(config),
        *_stopping_faults(config),
        *_cap_faults(config),
        *_space_faults(config),
    ]


def validate(config: object) -> None:
    """Raises SpaceError with the first of `problems`."""
    if found := problems(config):
        raise found[0]


def _key_faults(what: str, given: dict, known: tuple[str, ...], path: tuple) -> Iterator[SpaceError]:
    for key in given:
        if key not in known:
            yield SpaceError(f"{what} has no key {key!r}{did_you_mean(key, known)}", (*path, key))


def _method_faults(config: dict[str, Any]) -> Iterator[SpaceError]:
    if "method" not in config:
        yield SpaceError("method is missing; write method: bayes, random or grid")
    elif config["method"] == OUTSIDE:
        return
    elif not isinstance(method := config["method"], str) or method not in ENGINES:
        hint = did_you_mean(method, ENGINES) or f"; there are {', '.join(ENGINES)}"
        yield SpaceError(f"there is no search method {method!r}{hint}", ("method",))


def _metric_faults(config: dict[str, Any]) -> Iterator[SpaceError]:
    metric = config.get("metric")
    if metric is None:
        if config.get("method") in LEARNING or config.get("early_terminate"):
            what = f"method: {config['method']}" if config.get("method") in LEARNING else "early_terminate"
            yield SpaceError(f"{what} needs a metric; write metric: {{name: ..., goal: maximize}}")
        return
    if not isinstance(metric, dict) or not isinstance(metric.get("name"), str):
        yield SpaceError("metric has to have a name; write metric: {name: ..., goal: maximize}", ("metric",))
        return
    yield from _objective_faults(metric, ("metric",))


def _metrics_faults(config: dict[str, Any]) -> Iterator[SpaceError]:
    """Several objectives, which W&B has its scheduler search with the engine optuna or ax."""
    if "metrics" not in config:
        return
    path, metrics = ("metrics",), config["metrics"]
    if "metric" in config:
        yield SpaceError("a sweep has either metric or metrics; metric is for one objective", path)
    if config.get("method") != OUTSIDE:
        right = "write method: custom and scheduler: {engine: optuna}, or metric: for one"
        yield SpaceError(f"only `wandb sweep-scheduler` searches for several metrics; {right}", path)
    named = isinstance(metrics, list) and all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in metrics
    )
    if not named or len(metrics) < 2:
        right = "write metrics: [{name: ..., goal: maximize}, {name: ..., goal: minimize}]"
        yield SpaceError(f"metrics has to be a list of two or more, each with a name; {right}", path)
        return
    for index, metric in enumerate(metrics):
        yield from _objective_faults(metric, ("metrics", index))


def _objective_faults(metric: dict[str, Any], path: Path) -> Iterator[SpaceError]:
    yield from _key_faults("metric", metric, METRIC, path)
    yield from _one_of(metric, "goal", ("minimize", "maximize"), path)
    yield from _one_of(metric, "impute", IMPUTES, path)
    yield from _one_of(metric, "impute_while_running", (*IMPUTES, "false"), path)
    if "target" in metric and not is_number(metric["target"]):
        yield _not_a_number("metric.target", metric["target"], (*path, "target"))


def _one_of(metric: dict[str, Any], key: str, known: tuple[str, ...], path: Path) -> Iterator[SpaceError]:
    if key in metric and metric[key] not in known:
        hint = did_you_mean(metric[key], known) or f"; it has to be {' or '.join(known)}"
        if metric[key] is False and "false" in known:
            hint = "; YAML reads that as a boolean: write 'false', in quotes"
        yield SpaceError(f"metric.{key} is {metric[key]!r}{hint}", (*path, key))


def _not_a_number(name: str, value: object, path: tuple) -> SpaceError:
    right = number_in_yaml(value)
    hint = f"YAML reads that as text: write {right}" if right else "it has to be a number"
    return SpaceError(f"{name} is {value!r}; {hint}", path)


def _stopping_faults(config: dict[str, Any]) -> Iterator[SpaceError]:
    rule = config.get("early_terminate")
    if rule is None:
        return
    path = ("early_terminate",)
    if not isinstance(rule, dict) or rule.get("type") != "hyperband":
        yield SpaceError("early_terminate has to be of type: hyperband, which is the only one there is", path)
        return
    yield from _key_faults("early_terminate", rule, EARLY_TERMINATE, path)
    if "min_iter" not in rule and not {"max_iter", "s"} <= rule.keys():
        yield SpaceError("hyperband needs min_iter, or max_iter and s", path)
    yield from _hyperband_number_faults(rule)


def _hyperband_number_faults(rule: dict[str, Any]) -> Iterator[SpaceError]:
    for key in ("min_iter", "max_iter", "s"):
        value = rule.get(key, 1)
        if not is_number(value) or value < 1 or not float(value).is_integer():
            sentence = f"early_terminate.{key} is {value!r}; it has to be a whole number from 1"
            yield SpaceError(sentence, ("early_terminate", key))
    if not is_number(eta := rule.get("eta", 3)) or eta <= 1:
        yield SpaceError(f"early_terminate.eta is {eta!r}; it has to be above 1", ("early_terminate", "eta"))
    if not isinstance(strict := rule.get("strict", True), bool):
        sentence = f"early_terminate.strict is {strict!r}; it has to be true or false"
        yield SpaceError(sentence, ("early_terminate", "strict"))


def _cap_faults(config: dict[str, Any]) -> Iterator[SpaceError]:
    cap = config.get("run_cap", 1)
    if not isinstance(cap, int) or isinstance(cap, bool) or cap < 1:
        yield SpaceError(f"run_cap is {cap!r}; it has to be a whole number from 1", ("run_cap",))


def _space_faults(config: dict[str, Any]) -> Iterator[SpaceError]:
    if "parameters" not in config:
        yield SpaceError("there are no parameters; write parameters: and under it what to search")
        return
    found = list(faults(config["parameters"]))
    yield from found
    if config.get("method") == "grid" and not found:
        try:
            refuse_endless(parse_space(config["parameters"]))
        except SpaceError as error:
            yield error
