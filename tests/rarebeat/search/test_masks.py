"""What is learnt about inactive parameters, and that the search keeps to it."""

from __future__ import annotations

import numpy as np

from rarebeat.search import Run, parse_space, suggest
from rarebeat.search.axes import Chart
from rarebeat.search.masks import Rule, learn_rules, masked
from rarebeat.search.runs import learn

PARAMETERS = {
    "loss": {"values": ["ce", "focal"]},
    "link": {"values": ["softmax", "sigmoid"]},
    "gamma": {"min": 0.0, "max": 5.0},
    "alpha": {"min": 0.0, "max": 1.0},
    "data": {"value": "mitdb.h5"},
}
SPACE = parse_space(PARAMETERS)
LOSS, LINK, GAMMA, ALPHA = range(4)


def idle(loss: str, link: str) -> frozenset[int]:
    """gamma counts with focal loss; alpha with focal loss one-vs-rest."""
    return frozenset([GAMMA] * (loss != "focal") + [ALPHA] * (loss != "focal" or link != "sigmoid"))


def point(loss: str, link: str, gamma: float = 1.0) -> tuple:
    return (loss, link, gamma, 0.5, "mitdb.h5")


EVERYTHING = [
    (point(a, b, g), idle(a, b)) for a in ("ce", "focal") for b in ("softmax", "sigmoid") for g in (1.0, 2.0)
]


def test_rules_say_what_the_runs_have_said() -> None:
    rules = learn_rules(SPACE, EVERYTHING)
    assert set(rules) == {
        Rule(((LOSS, 0),), GAMMA),
        Rule(((LOSS, 0),), ALPHA),
        Rule(((LINK, 0),), ALPHA),
    }
    assert all(masked(SPACE, rules, where) == inactive for where, inactive in EVERYTHING)


def test_one_run_is_no_rule_and_a_contradiction_ends_one() -> None:
    once = [(point("ce", "softmax"), frozenset([GAMMA]))]
    assert learn_rules(SPACE, once) == ()
    assert learn_rules(SPACE, [*once, *once]) == (Rule(((LOSS, 0),), GAMMA),)
    refuted = [*once, *once, (point("ce", "sigmoid"), frozenset())]
    # What is left to believe is that softmax does it, which no run contradicts.
    assert learn_rules(SPACE, refuted) == (Rule(((LINK, 0),), GAMMA),)


def test_what_two_choices_do_together_is_learnt_as_such() -> None:
    both = [
        (point(a, b), frozenset([GAMMA]) if (a, b) == ("ce", "softmax") else frozenset())
        for a in ("ce", "focal")
        for b in ("softmax", "sigmoid")
        for _ in range(2)
    ]
    assert learn_rules(SPACE, both) == (Rule(((LOSS, 0), (LINK, 0)), GAMMA),)


def test_only_finished_runs_teach_rules() -> None:
    params = SPACE.params(point("ce", "softmax"))
    crashed = [Run(str(i), params, "crashed") for i in range(3)]
    finished = [Run(f"f{i}", params, "finished", 0.5, inactive=("gamma",)) for i in range(2)]
    assert learn(SPACE, crashed + finished, {}).rules == (Rule(((LOSS, 0),), GAMMA),)


def test_the_model_sees_no_difference_where_there_is_none() -> None:
    chart = Chart(SPACE, learn_rules(SPACE, EVERYTHING))
    rows = chart.rows(
        [point("ce", "sigmoid", 1.0), point("ce", "sigmoid", 4.0), point("focal", "sigmoid", 4.0)]
    )
    assert np.array_equal(rows[0], rows[1])
    assert rows[2][GAMMA] == 0.8


def test_a_run_under_way_stands_for_all_points_that_rules_call_the_same() -> None:
    parameters = {"loss": {"values": ["ce", "focal"]}, "gamma": {"values": [0, 1, 2]}}
    config = {"method": "bayes", "metric": {"name": "m"}, "parameters": parameters}
    runs = [Run(str(i), {"loss": "ce", "gamma": i}, "finished", 1.0, inactive=("gamma",)) for i in range(2)]
    runs = [*runs, Run("9", {"loss": "focal", "gamma": 0}, "finished", 1.0)]
    while (params := suggest(config, runs, seed=0)) is not None:
        runs.append(Run(str(len(runs)), params, "running"))
    assert [run.params for run in runs[3:]] in (
        [{"loss": "focal", "gamma": 1}, {"loss": "focal", "gamma": 2}],
        [{"loss": "focal", "gamma": 2}, {"loss": "focal", "gamma": 1}],
    )


def test_a_grid_takes_points_that_differ_only_where_nothing_has_an_effect_as_one() -> None:
    parameters = {"loss": {"values": ["ce", "focal"]}, "gamma": {"values": [0, 1]}}
    runs: list[Run] = []
    while (params := suggest({"method": "grid", "parameters": parameters}, runs, seed=0)) is not None:
        inactive = ("gamma",) if params["loss"] == "ce" else ()
        runs.append(Run(str(len(runs)), params, "finished", 1.0, inactive=inactive))
    given = [(run.params["loss"], run.params["gamma"]) for run in runs]
    assert given == [("ce", 0), ("focal", 0), ("focal", 1)]


def test_bayes_does_not_vary_what_is_inactive() -> None:
    parameters = {**PARAMETERS, "rate": {"min": 0.0, "max": 1.0}}
    config = {"method": "bayes", "metric": {"name": "m"}, "parameters": parameters}
    runs: list[Run] = []
    for number in range(30):
        params = suggest(config, runs, seed=1)
        names = [SPACE.names[i][0] for i in idle(params["loss"], params["link"])]
        # Cross-entropy is better here, so that it is searched.
        loss = 0.3 * (params["loss"] == "focal") + 0.1 * (params["link"] == "softmax") + params["rate"] ** 2
        runs.append(Run(str(number), params, "finished", loss, inactive=tuple(names)))
    late = [run.params for run in runs[10:] if run.params["loss"] == "ce"]
    assert late
    assert {params["gamma"] for params in late} == {2.5}
