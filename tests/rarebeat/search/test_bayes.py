"""What W&B's own engine gets wrong, and what an experienced user expects of a search that learns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from rarebeat.search import Run, parse_space, suggest
from rarebeat.search.engines import bayes
from rarebeat.search.engines.bayes import MOST_MODELLED, _subset
from rarebeat.search.gaussian import Settings
from rarebeat.search.targets import normalised

METRIC = {"name": "loss", "goal": "minimize"}
X = {"min": 0.0, "max": 1.0}


def sweep(**parameters: dict) -> dict:
    return {"method": "bayes", "metric": METRIC, "parameters": parameters}


def search(config: dict, loss: Callable[[dict], float], count: int, seed: int = 0) -> list[Run]:
    runs: list[Run] = []
    for number in range(count):
        params = suggest(config, runs, seed)
        runs.append(Run(str(number), params, "finished", loss(params)))
    return runs


@pytest.mark.parametrize(("good", "bad"), [(True, False), (False, True)])
def test_the_better_of_two_arms_is_taken_in_nine_of_ten_runs(good: bool, bad: bool) -> None:
    config = sweep(arm={"values": [good, bad]}, x=X)
    late: list[bool] = []
    for seed in range(6):
        runs = search(config, lambda p: 0.3 * (p["arm"] is bad) + 0.5 * (p["x"] - 0.6) ** 2, 30, seed)
        late += [run.params["arm"] is good for run in runs[10:]]
    assert np.mean(late) >= 0.9


def test_choices_with_probabilities_are_searched() -> None:
    weights = {"values": ["a", "b", "c"], "probabilities": [0.8, 0.15, 0.05]}
    runs = search(sweep(c=weights, x=X), lambda p: (p["c"] != "c") + (p["x"] - 0.4) ** 2, 30)
    # The rare one is the best: drawn by its probability it would come up once in the last twenty.
    assert sum(run.params["c"] == "c" for run in runs[10:]) > 10


@pytest.mark.parametrize("seed", range(3))
def test_true_false_beside_1_0_are_learnt_apart(seed: int) -> None:
    config = sweep(a={"values": [True, 1, False, 0]}, x=X)
    runs = search(config, lambda p: 0.5 * (p["a"] is not True) + (p["x"] - 0.4) ** 2, 30, seed)
    assert sum(run.params["a"] is True for run in runs[15:]) >= 11


def test_a_parameter_without_any_effect_does_not_make_the_search_random() -> None:
    # One length scale ends at its bound, where W&B's engine gives up its model (wandb#8149).
    config = sweep(x=X, idle=X, also_idle=X)
    late = [run.params["x"] for run in search(config, lambda p: (p["x"] - 0.3) ** 2, 30)[15:]]
    assert sum(abs(x - 0.3) < 0.1 for x in late) >= 10  # 3 of 15 at random


def test_results_that_are_all_the_same_still_give_new_points() -> None:
    runs = search(sweep(x=X, c={"values": [1, 2]}), lambda p: 0.5, 25)
    assert len({json.dumps(run.params) for run in runs}) == 25


def test_an_optimum_in_a_corner_does_not_end_in_random_draws() -> None:
    runs = search(sweep(x=X, y=X), lambda p: p["x"] + p["y"], 30)
    late = [run.params["x"] + run.params["y"] for run in runs[15:]]
    assert min(late) < 0.02
    assert np.median(late) < 0.5  # 1.0 at random


def test_of_many_runs_the_best_are_kept() -> None:
    losses = np.random.default_rng(0).random(2000)
    chosen = _subset(losses, MOST_MODELLED, np.random.default_rng(1))
    assert len(set(chosen)) == MOST_MODELLED
    assert set(np.argsort(losses)[: MOST_MODELLED // 2]) <= set(chosen)


def test_a_thousand_runs_lead_to_their_best() -> None:
    config, rng = sweep(x=X, y=X), np.random.default_rng(0)
    points = rng.random((1000, 2))
    runs = [
        Run(str(i), {"x": float(x), "y": float(y)}, "finished", float((x - 0.2) ** 2 + (y - 0.9) ** 2))
        for i, (x, y) in enumerate(points)
    ]
    params = suggest(config, runs, seed=0)
    assert abs(params["x"] - 0.2) < 0.1 and abs(params["y"] - 0.9) < 0.1


def test_the_global_random_state_neither_counts_nor_changes() -> None:
    config = sweep(x=X, y=X)
    runs = search(config, lambda p: p["x"], 12)
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = suggest(config, runs, seed=3)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert suggest(config, runs, seed=3) == first


def test_a_region_where_runs_crash_is_left() -> None:
    runs: list[Run] = []
    for number in range(30):
        params = suggest(sweep(x=X, y=X), runs, seed=0)
        # The slope leads into the region.
        crashed = params["x"] > 0.6
        state, value = ("crashed", None) if crashed else ("finished", 1.0 - params["x"])
        runs.append(Run(str(number), params, state, value))
    assert sum(run.state == "crashed" for run in runs[10:]) < 8  # random draws would crash 8 times
    assert min(run.objective for run in runs if run.objective is not None) < 0.45


def test_crashed_runs_do_not_count_when_there_is_nothing_else() -> None:
    runs = [Run(str(i), {"x": i / 20}, "crashed", math.nan) for i in range(20)]
    assert suggest(sweep(x=X), runs, seed=0)["x"] not in [i / 20 for i in range(20)]


def test_prior_runs_are_learnt_from_at_once() -> None:
    prior = [Run(f"prior{i}", {"x": i / 20}, "finished", (i / 20 - 0.3) ** 2) for i in range(21)]
    points = [suggest(sweep(x=X), prior, seed)["x"] for seed in range(5)]
    assert all(abs(x - 0.3) < 0.05 for x in points)


def test_runs_under_way_spread_the_next_ones() -> None:
    config = sweep(x=X, y=X)
    runs = search(config, lambda p: (p["x"] - 0.5) ** 2 + (p["y"] - 0.5) ** 2, 15)
    for number in range(4):
        runs.append(Run(f"p{number}", suggest(config, runs, seed=0), "running"))
    points = np.array([[run.params["x"], run.params["y"]] for run in runs[15:]])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(4, 1)]
    assert apart.min() > 1e-3


def test_unbounded_and_quantised_parameters_are_searched() -> None:
    config = sweep(
        n={"distribution": "normal", "mu": 0.0, "sigma": 1.0},
        q={"distribution": "q_normal", "mu": 0.0, "sigma": 10.0, "q": 5},
    )
    runs = search(config, lambda p: (p["n"] - 1) ** 2 + (p["q"] / 10 - 1) ** 2, 30)
    best = min(runs, key=lambda run: run.objective).params
    assert abs(best["n"] - 1) < 0.5 and best["q"] == 10
    assert all(parse_space(config["parameters"]).point(run.params) for run in runs)


def test_expected_improvement_is_averaged_over_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """By scikit-learn's process: each setting expects something of its own, over a best of its own."""
    pairs = [(0.05, 0.3), (0.6, 0.3)]
    drawn = [Settings(np.log([length]), 0.0, float(np.log(noise))) for length, noise in pairs]
    monkeypatch.setattr(bayes, "draw_settings", lambda *_: drawn)
    seen = [3, 14, 25, 37, 48, 59, 70, 81, 92, 98]
    losses = np.random.default_rng(10).random(len(seen))
    runs = [Run(str(x), {"x": x}, "finished", loss) for x, loss in zip(seen, losses.tolist(), strict=True)]

    places = (np.arange(100)[:, None] + 0.5) / 100
    expected = []
    for length, noise in pairs:
        process = GaussianProcessRegressor(Matern(length, nu=2.5), alpha=noise, optimizer=None)
        mean, deviation = process.fit(places[seen], normalised(losses)).predict(places, return_std=True)
        z = (mean[seen].min() - mean) / deviation
        expected.append(deviation * (z * norm.cdf(z) + norm.pdf(z)))
        expected[-1][seen] = 0.0
    best = [int(np.argmax(values)) for values in (np.mean(expected, axis=0), *expected)]
    assert len(set(best)) == 3
    assert suggest(sweep(x={"min": 0, "max": 99}), runs, 0) == {"x": best[0]}
