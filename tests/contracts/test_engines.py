"""What every search engine has to do, for every one of W&B's distributions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from rarebeat.search import Run, SpaceError, suggest
from rarebeat.search.distributions import DISTRIBUTIONS
from rarebeat.search.engines import ENGINES

SAMPLING = sorted(set(ENGINES) - {"grid"})
VALUES = ["none", "sqrt", "class_aware"]

# An entry of each distribution, and the distribution that its values must have: written down here from W&B's
# table of distributions with scipy.stats, which the package itself does not use.
CONTINUOUS = {
    "uniform": ({"min": -1.0, "max": 3.0}, stats.uniform(-1, 4)),
    "log_uniform": ({"min": -3, "max": 1}, stats.loguniform(math.exp(-3), math.e)),
    "log_uniform_values": ({"min": 1e-4, "max": 1e-2}, stats.loguniform(1e-4, 1e-2)),
    "inv_log_uniform": ({"min": -1, "max": 3}, stats.loguniform(math.exp(-3), math.e)),
    "inv_log_uniform_values": ({"min": 1e-4, "max": 1e-2}, stats.loguniform(1e-4, 1e-2)),
    "normal": ({"mu": 2, "sigma": 3}, stats.norm(2, 3)),
    "log_normal": ({"mu": 1, "sigma": 0.5}, stats.lognorm(s=0.5, scale=math.e)),
    "beta": ({"a": 2, "b": 5}, stats.beta(2, 5)),
}
# The probabilities of the values, by hand or from the CDF of the continuous one at the edges of the cells.
DISCRETE = {
    "constant": ({"value": [1, {"a": None}]}, {"[1, {'a': None}]": 1.0}),
    "categorical": ({"values": VALUES}, dict.fromkeys(VALUES, 1 / 3)),
    "categorical_w_probabilities": (
        {"values": VALUES, "probabilities": [0.5, 0.3, 0.2]},
        dict(zip(VALUES, [0.5, 0.3, 0.2], strict=True)),
    ),
    "int_uniform": ({"min": 1, "max": 4}, dict.fromkeys("1234", 0.25)),
    # X uniform on [0, 1]: cells of width q, half a cell at both ends.
    "q_uniform": (
        {"min": 0, "max": 1, "q": 0.25},
        {"0.0": 0.125, "0.25": 0.25, "0.5": 0.25, "0.75": 0.25, "1.0": 0.125},
    ),
    # X log-uniform on [1, 4], edges 1.5, 2.5, 3.5: log(1.5)/log(4) and so on.
    "q_log_uniform_values": (
        {"min": 1, "max": 4, "q": 1},
        {"1": 0.29248, "2": 0.36848, "3": 0.24271, "4": 0.09632},
    ),
    "q_log_uniform": (
        {"min": 0, "max": math.log(4), "q": 1},
        {"1": 0.29248, "2": 0.36848, "3": 0.24271, "4": 0.09632},
    ),
    "q_normal": (
        {"mu": 0, "sigma": 1, "q": 2},
        {"-4": 0.00135, "-2": 0.15731, "0": 0.68269, "2": 0.15731, "4": 0.00135},
    ),
    # P(X < 1.5) of a standard log-normal is Phi(log 1.5) = 0.65743, and so on.
    "q_log_normal": ({"mu": 0, "sigma": 0.5, "q": 1}, None),
    "q_beta": ({"a": 1, "b": 1, "q": 0.5}, {"0.0": 0.25, "0.5": 0.5, "1.0": 0.25}),
}


def entry(name: str) -> dict:
    given = (CONTINUOUS | DISCRETE)[name][0]
    return {"distribution": name, **given}


def sweep(method: str, **parameters: dict) -> dict:
    return {"method": method, "metric": {"name": "m", "goal": "minimize"}, "parameters": parameters}


def finished(number: int, params: dict, objective: float | None = 0.0, **rest: object) -> Run:
    return Run(str(number), params, "finished", objective, **rest)


def with_history(method: str, count: int = 15, **parameters: dict) -> tuple[dict, list[Run]]:
    """A sweep whose engine has enough results to use its model, the smaller `x`-like value the better."""
    config, runs = sweep(method, **parameters), []
    for number in range(count):
        params = suggest(config | {"method": "random"}, runs, seed=number)
        if params is None:
            break
        runs.append(finished(number, params, float(number % 7)))
    return config, runs


def draws(method: str, name: str, count: int) -> list:
    return [suggest(sweep(method, p=entry(name)), [], seed)["p"] for seed in range(count)]


def test_every_distribution_is_tested() -> None:
    assert {*CONTINUOUS, *DISCRETE} == set(DISTRIBUTIONS)


@pytest.mark.parametrize("method", SAMPLING)
@pytest.mark.parametrize("name", CONTINUOUS)
def test_first_points_follow_a_continuous_distribution(method: str, name: str) -> None:
    values = draws(method, name, 300)
    assert all(type(value) is float for value in values)
    assert stats.kstest(values, CONTINUOUS[name][1].cdf).pvalue > 1e-3


@pytest.mark.parametrize("method", SAMPLING)
@pytest.mark.parametrize("name", sorted(name for name, (_, expected) in DISCRETE.items() if expected))
def test_first_points_follow_a_discrete_distribution(method: str, name: str) -> None:
    expected = DISCRETE[name][1]
    values = [str(value) for value in draws(method, name, 400)]
    assert set(values) <= set(expected)
    counts = np.array([values.count(value) for value in expected])
    if len(expected) > 1:
        assert (
            stats.chisquare(counts, np.array(list(expected.values())) / sum(expected.values()) * 400).pvalue
            > 1e-3
        )


def test_q_log_normal_rounds_a_log_normal() -> None:
    values = draws("random", "q_log_normal", 400)
    assert {type(value) for value in values} == {int}
    # P(0.5 < X < 1.5) with sigma 0.5: Phi(log 1.5 / 0.5) - Phi(log 0.5 / 0.5) = 0.79130 - 0.08282 = 0.7085
    assert values.count(1) / 400 == pytest.approx(0.7085, abs=0.08)


@pytest.mark.parametrize("method", SAMPLING)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_points_stay_within_the_distribution_when_there_are_results(method: str, name: str) -> None:
    config, runs = with_history(method, p=entry(name), x={"min": 0.0, "max": 1.0})
    value = suggest(config, runs, seed=1)["p"]
    spec = entry(name)
    if "values" in spec:
        assert value in spec["values"]
    elif "value" in spec:
        assert value == spec["value"]
    else:
        like = draws("random", name, 1)[0]
        assert type(value) is type(like)
        q = spec.get("q")
        assert q is None or value / q == pytest.approx(round(value / q))
        low, high = spec.get("min", -math.inf), spec.get("max", math.inf)
        logs = {
            "log_uniform": (math.exp, 1),
            "q_log_uniform": (math.exp, 1),
            "inv_log_uniform": (math.exp, -1),
        }
        if name in logs:
            function, sign = logs[name]
            low, high = sorted((function(sign * low), function(sign * high)))
        assert low * (1 - 1e-12) <= value <= high * (1 + 1e-12) or low <= value <= high


@pytest.mark.parametrize("method", SAMPLING)
@pytest.mark.parametrize("count", [0, 15])
def test_same_seed_same_point_and_another_seed_another(method: str, count: int) -> None:
    config, runs = with_history(method, count, x={"min": 0.0, "max": 1.0}, c={"values": VALUES})
    assert suggest(config, runs, seed=5) == suggest(config, runs, seed=5)
    if count == 0:  # results may leave no doubt where to go
        assert suggest(config, runs, seed=5) != suggest(config, runs, seed=6)


@pytest.mark.parametrize("method", ENGINES)
@pytest.mark.parametrize("count", [0, 15])
def test_points_are_plain_json_and_nested_as_the_yaml(method: str, count: int) -> None:
    optimizer = {
        "parameters": {"name": {"value": "adamw"}, "inner": {"parameters": {"steps": {"min": 1, "max": 90}}}}
    }
    config, runs = with_history(
        method, count, optimizer=optimizer, q=entry("q_uniform"), b={"values": [True, None]}
    )
    point = suggest(config, runs, seed=0)
    assert json.loads(json.dumps(point)) == point
    assert point["optimizer"]["name"] == "adamw"
    assert type(point["optimizer"]["inner"]["steps"]) is int
    assert list(point) == ["optimizer", "q", "b"]


@pytest.mark.parametrize("method", ENGINES)
def test_a_space_of_24_points_is_visited_in_24_runs_and_then_ends(method: str) -> None:
    config = sweep(method, a={"values": [True, False]}, b={"values": [1, 0]}, c={"min": 1, "max": 6})
    runs: list[Run] = []
    while (params := suggest(config, runs, seed=3)) is not None:
        assert len(runs) < 24
        runs.append(finished(len(runs), params, float(params["c"])))
    assert len({json.dumps(run.params) for run in runs}) == 24


@pytest.mark.parametrize("method", SAMPLING)
def test_points_too_unlikely_for_a_double_are_still_visited_before_the_end(method: str) -> None:
    config, runs = sweep(method, p={"distribution": "q_beta", "a": 2000, "b": 1, "q": 0.5}), []
    while (params := suggest(config, runs, seed=0)) is not None:
        runs.append(finished(len(runs), params))
    assert sorted(run.params["p"] for run in runs) == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("method", ENGINES)
def test_pending_points_are_not_given_twice(method: str) -> None:
    config, runs = sweep(method, a={"values": VALUES}, b={"min": 1, "max": 4}), []
    for number, state in enumerate(["running", "pending", "preempted"] * 4):
        runs.append(Run(str(number), suggest(config, runs, seed=3), state))
    assert len({json.dumps(run.params) for run in runs}) == 12
    assert suggest(config, runs, seed=3) is None


@pytest.mark.parametrize("method", ENGINES)
def test_a_point_whose_run_was_deleted_comes_again(method: str) -> None:
    config = sweep(method, a={"values": VALUES}, b={"min": 1, "max": 4})
    runs = [
        finished(i, {"a": a, "b": b}) for i, (a, b) in enumerate((a, b) for a in VALUES for b in range(1, 5))
    ]
    deleted = runs.pop(7)
    assert suggest(config, runs, seed=3) == deleted.params


@pytest.mark.parametrize("method", ENGINES)
def test_true_and_1_are_two_values_but_1_and_its_float_are_one(method: str) -> None:
    config = sweep(method, a={"values": [True, 1]})
    assert suggest(config, [finished(0, {"a": 1.0})], seed=0) == {"a": True}
    assert suggest(config, [finished(0, {"a": True})], seed=0) == {"a": 1}


@pytest.mark.parametrize("method", ENGINES)
def test_points_that_differ_only_in_an_inactive_parameter_are_one(method: str) -> None:
    config = sweep(method, loss={"values": ["ce", "focal"]}, gamma={"values": [0, 1, 2]})
    runs = [finished(0, {"loss": "ce", "gamma": 1}, inactive=("gamma",))]
    while (params := suggest(config, runs, seed=2)) is not None:
        runs.append(finished(len(runs), params))
    assert [run.params["loss"] for run in runs].count("focal") == 3
    assert len(runs) == 4


@pytest.mark.parametrize("method", SAMPLING)
@pytest.mark.parametrize("bad", [None, math.nan, math.inf, -math.inf])
def test_results_that_are_no_number_do_not_stop_the_search(method: str, bad: float | None) -> None:
    config, runs = with_history(method, 12, x={"min": 0.0, "max": 1.0})
    runs += [finished(50 + i, {"x": i / 10}, bad) for i in range(3)]
    runs += [
        Run(str(80 + i), {"x": i / 10}, state, bad) for i, state in enumerate(("failed", "crashed", "killed"))
    ]
    assert 0 <= suggest(config, runs, seed=0)["x"] <= 1


@pytest.mark.parametrize("method", SAMPLING)
def test_runs_that_do_not_belong_to_the_space_are_left_out(method: str) -> None:
    config, runs = with_history(method, 12, x={"min": 0.0, "max": 1.0})
    runs += [finished(60, {"y": 3}), finished(61, {"x": 7.0}), finished(62, {"x": "text"}), finished(63, {})]
    assert 0 <= suggest(config, runs, seed=0)["x"] <= 1


def mixed_runs(config: dict) -> list[Run]:
    """Runs in every state that a sweep can have them in, with results that are numbers or are not."""
    states = ["finished", "finished", "failed", "crashed", "killed", "running", "pending", "preempted"]
    results = [0.5, 0.25, None, math.nan, math.inf, 0.75, 0.1]
    runs: list[Run] = []
    for number in range(28):
        params = suggest(config | {"method": "random"}, runs, seed=number)
        if params is None:
            break
        runs.append(Run(str(number), params, states[number % 8], results[number % 7], [0.9, 0.4]))
    return runs


@pytest.mark.parametrize("method", ENGINES)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_among_runs_in_every_state_a_nested_parameter_of_every_distribution_gets_a_new_point(
    method: str, name: str
) -> None:
    config = sweep(method, group={"parameters": {"p": entry(name)}}, c={"values": VALUES})
    runs = mixed_runs(config)
    try:
        point = suggest(config, runs, seed=3)
    except SpaceError:
        # Told in `test_grid_refuses_what_has_no_end`.
        assert method == "grid" and name in {*CONTINUOUS, "q_normal", "q_log_normal"}
        return
    assert suggest(config, runs, seed=3) == point
    taken = [json.dumps(run.params) for run in runs]
    if point is None:
        # Only a space that is used up has none. A log-normal has no end, but 0 to 4 are 0.9987 of this one.
        values = DISCRETE[name][1] or range(5)
        assert len(set(taken)) >= len(VALUES) * len(values)
        return
    assert json.loads(json.dumps(point)) == point
    assert list(point) == ["group", "c"] and list(point["group"]) == ["p"]
    assert json.dumps(point) not in taken
    assert type(point["group"]["p"]) is type(suggest(config | {"method": "random"}, [], 0)["group"]["p"])


def forty_runs(method: str, goal: str, seed: int) -> list[dict]:
    config = sweep(method, x={"min": 0.0, "max": 1.0}, c={"values": VALUES})
    config["metric"]["goal"] = goal
    runs: list[Run] = []
    for number in range(40):
        params = suggest(config, runs, seed)
        loss = (params["x"] - 0.7) ** 2 + 0.2 * (params["c"] != "sqrt")
        runs.append(finished(number, params, -loss if goal == "maximize" else loss))
    return [run.params for run in runs]


@pytest.mark.parametrize("method", sorted({"bayes", "tpe"}))
def test_engines_that_learn_go_where_the_results_are_good(method: str) -> None:
    late = [params for seed in range(4) for params in forty_runs(method, "minimize", seed)[25:]]
    # A random draw lies within 0.15 of the optimum with probability 0.3, in the right arm with 1/3: more than
    # 30 of 60 do so with probability 0.0004 and 0.003 (binomial).
    assert sum(abs(params["x"] - 0.7) < 0.15 for params in late) > 30
    assert sum(params["c"] == "sqrt" for params in late) > 30


@pytest.mark.parametrize("method", sorted({"bayes", "tpe"}))
def test_maximizing_is_minimizing_the_negative(method: str) -> None:
    assert forty_runs(method, "maximize", 1) == forty_runs(method, "minimize", 1)


@pytest.mark.parametrize("method", sorted({"bayes", "tpe"}))
def test_engines_that_learn_keep_away_from_runs_under_way(method: str) -> None:
    config, runs = with_history(method, 20, x={"min": 0.0, "max": 1.0}, y={"min": 0.0, "max": 1.0})
    points = []
    for number in range(4):
        points.append(suggest(config, runs, seed=4))
        runs.append(Run(f"p{number}", points[-1], "running"))
    assert len({json.dumps(point) for point in points}) == 4


def test_grid_goes_through_quantised_and_nested_ranges_in_the_order_of_the_yaml() -> None:
    config = sweep("grid", a={"values": ["x", "y"]}, n={"parameters": {"q": entry("q_uniform")}})
    runs: list[Run] = []
    while (params := suggest(config, runs, seed=0)) is not None:
        runs.append(finished(len(runs), params))
    expected = [(a, q) for a in "xy" for q in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert [(run.params["a"], run.params["n"]["q"]) for run in runs] == expected


@pytest.mark.parametrize("name", [*CONTINUOUS, "q_normal", "q_log_normal"])
def test_grid_refuses_what_has_no_end(name: str) -> None:
    with pytest.raises(SpaceError, match=r"parameter o\.p: a grid cannot go through a range without end"):
        suggest(sweep("grid", o={"parameters": {"p": entry(name)}}), [], seed=0)


@pytest.mark.parametrize("method", ENGINES)
def test_a_thousand_runs_take_less_than_a_second(method: str) -> None:
    import time

    config = sweep(method, a={"min": 0, "max": 10**6}, c={"values": VALUES})
    rng = np.random.default_rng(0)
    points = [{"a": int(rng.integers(10**6)), "c": VALUES[i % 3]} for i in range(1000)]
    runs = [finished(i, point, float(rng.random())) for i, point in enumerate(points)]
    suggest(config, runs[:20], seed=0)  # imports
    start = time.perf_counter()
    assert suggest(config, runs, seed=0) is not None
    assert time.perf_counter() - start < 1.0
