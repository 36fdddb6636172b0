"""Everything that is wrong with a sweep is listed, with its place."""

from __future__ import annotations

import pytest

from rarebeat.search import SpaceError, problems, suggest, validate

GOOD = {
    "method": "bayes",
    "metric": {"name": "val/loss", "goal": "minimize", "target": 0.1, "impute": "latest"},
    "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2, "strict": True},
    "run_cap": 10,
    "name": "a",
    "program": "train.py",
    "command": ["${env}", "python"],
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


def without(key: str) -> dict:
    return {name: value for name, value in GOOD.items() if name != key}


SEVERAL = {
    "method": "custom",
    "scheduler": {"engine": "optuna"},
    "metrics": [{"name": "a", "goal": "maximize"}, {"name": "b", "target": 0.1}],
    "parameters": GOOD["parameters"],
}


def test_a_good_sweep_has_no_problems() -> None:
    validate(GOOD)
    validate(SEVERAL)


@pytest.mark.parametrize(
    ("change", "sentence", "path"),
    [
        ({"metric": {"name": "a"}}, "a sweep has either metric or metrics", ("metrics",)),
        ({"method": "random"}, "only `wandb sweep-scheduler` searches for several metrics", ("metrics",)),
        ({"metrics": [{"name": "a"}]}, "metrics has to be a list of two or more", ("metrics",)),
        ({"metrics": {"name": "a"}}, "metrics has to be a list of two or more", ("metrics",)),
        ({"metrics": [{"name": "a"}, {"goal": "maximize"}]}, "each with a name", ("metrics",)),
        (
            {"metrics": [{"name": "a"}, {"name": "b", "goal": "max"}]},
            "metric.goal is 'max'; it has to be minimize or maximize",
            ("metrics", 1, "goal"),
        ),
    ],
)
def test_several_metrics_are_taken_as_the_vendor_takes_them(change: dict, sentence: str, path: tuple) -> None:
    (found,) = problems(SEVERAL | change)
    assert (sentence in str(found), found.path) == (True, path), found


@pytest.mark.parametrize("config", [None, [], "text", 3])
def test_what_is_no_mapping_is_refused(config: object) -> None:
    with pytest.raises(SpaceError, match="a sweep is a mapping with method, metric and parameters"):
        validate(config)


@pytest.mark.parametrize(
    ("config", "sentence", "path"),
    [
        (
            GOOD | {"paramters": {}},
            "a sweep has no key 'paramters'; did you mean parameters?",
            ("paramters",),
        ),
        (without("method"), "method is missing", ()),
        (GOOD | {"method": "bayse"}, "no search method 'bayse'; did you mean bayes?", ("method",)),
        (GOOD | {"method": ["bayes"]}, "no search method ['bayes']", ("method",)),
        (without("metric"), "method: bayes needs a metric", ()),
        (GOOD | {"metric": "loss"}, "metric has to have a name", ("metric",)),
        (
            GOOD | {"metric": {"name": "a", "gaol": "x"}},
            "no key 'gaol'; did you mean goal?",
            ("metric", "gaol"),
        ),
        (GOOD | {"metric": {"name": "a", "goal": "max"}}, "goal is 'max'; it has to be", ("metric", "goal")),
        (GOOD | {"metric": {"name": "a", "target": "1e-4"}}, "write 1.0e-4", ("metric", "target")),
        (
            GOOD | {"metric": {"name": "a", "impute_while_running": False}},
            "write 'false', in quotes",
            ("metric", "impute_while_running"),
        ),
        (GOOD | {"run_cap": 0}, "run_cap is 0; it has to be a whole number from 1", ("run_cap",)),
        (GOOD | {"run_cap": True}, "run_cap is True", ("run_cap",)),
        (
            GOOD | {"early_terminate": {"type": "median"}},
            "has to be of type: hyperband",
            ("early_terminate",),
        ),
        (
            GOOD | {"early_terminate": {"type": "hyperband"}},
            "needs min_iter, or max_iter and s",
            ("early_terminate",),
        ),
        (
            GOOD | {"early_terminate": {"type": "hyperband", "max_iter": 9}},
            "or max_iter and s",
            ("early_terminate",),
        ),
        (
            GOOD | {"early_terminate": {"type": "hyperband", "min_iter": 0}},
            "min_iter is 0",
            ("early_terminate", "min_iter"),
        ),
        (
            GOOD | {"early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 1}},
            "above 1",
            ("early_terminate", "eta"),
        ),
        (without("parameters"), "there are no parameters", ()),
        (GOOD | {"parameters": {}}, "at least one parameter", ("parameters",)),
        (GOOD | {"parameters": {"x": 3}}, "parameter x: write x: {value: 3}", ("parameters", "x")),
        (GOOD | {"parameters": {"x": None}}, "parameter x: write x: {value: null}", ("parameters", "x")),
        (GOOD | {"parameters": {True: {"value": 1}}}, "a name has to be text", ("parameters", True)),
        (
            GOOD | {"parameters": {"x": {"min": 2, "max": 1}}},
            "x: min 2 is not below max 1",
            ("parameters", "x", "min"),
        ),
        (
            GOOD | {"parameters": {"o": {"parameters": {"m": {"value": 1, "q": 2}}}}},
            "parameter o.m: constant has no key 'q'",
            ("parameters", "o", "parameters", "m", "q"),
        ),
        (GOOD | {"parameters": {"o": {"parameters": {}}}}, "at least one", ("parameters", "o", "parameters")),
        (GOOD | {"method": "grid"}, "parameter x: a grid cannot go through", ("parameters", "x")),
    ],
)
def test_a_bad_sweep_is_refused_with_its_place(config: dict, sentence: str, path: tuple) -> None:
    (found,) = problems(config)
    assert sentence in str(found)
    assert found.path == path


def test_all_problems_are_listed_at_once() -> None:
    config = {"method": "x", "metric": {"goal": 1}, "run_cap": -1, "parameters": {"a": {}, "b": {"min": 1}}}
    assert len(problems(config)) == 5


def test_the_search_refuses_what_the_check_refuses() -> None:
    with pytest.raises(SpaceError, match="no search method 'bayse'; did you mean bayes"):
        suggest(GOOD | {"method": "bayse"}, [], 0)
    with pytest.raises(SpaceError, match="parameter x: min 2 is not below max 1"):
        suggest(GOOD | {"parameters": {"x": {"min": 2, "max": 1}}}, [], 0)
