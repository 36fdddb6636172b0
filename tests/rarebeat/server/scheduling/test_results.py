"""What a run is taken to have come to: by the best that it logged, as W&B's engine does."""

import json

import pytest

from rarebeat.server.sweep_runs import as_searched


@pytest.mark.parametrize(
    ("name", "goal", "last", "counted"),
    [
        ("loss", "minimize", {}, 0.2),
        ("f1", "maximize", {}, 0.9),
        ("best/f1", "maximize", {}, 0.5),
        ("f1", "maximize", {"f1": {"last": 0.5}}, 0.5),  # as define_metric(summary="last") has it
    ],
)
def test_a_run_that_logged_three_values_counts_the_best_unless_its_summary_is_defined(
    world, name, goal, last, counted
):
    """Of 0.2, 0.9 and 0.5, PyPI `sweeps` 0.3.0 takes the extremum (SweepRun.metric_extremum)."""
    metric = {"name": name, "goal": goal}
    w = world(metric=metric)
    run = w.given(w.agent())
    w.start(run)
    rows = [json.dumps({name: value, "_step": step}) for step, value in enumerate((0.2, 0.9, 0.5))]
    summary = json.dumps({name: 0.5} | last)
    w.post(run, files={"wandb-history.jsonl": {"offset": 0, "content": rows},
                       "wandb-summary.json": {"offset": 0, "content": [summary]}})  # fmt: skip
    w.end(run)
    assert as_searched(w.db, w.run(run), {"metric": metric}, False).objective == counted


def diverged(w):
    """A run that has logged 0.4 and then no number."""
    run = w.given(w.agent())
    w.start(run)
    w.log(run, loss=0.4, _step=0)
    w.post(run, files={"wandb-history.jsonl": {"offset": 1, "content": ['{"loss": "NaN", "_step": 1}']},
                       "wandb-summary.json": {"offset": 0, "content": ['{"loss": "NaN"}']}})  # fmt: skip
    return run


def test_a_run_whose_last_value_is_not_a_number_counts_the_best_before_it(world):
    w = world(metric={"name": "loss"})
    run = diverged(w)
    w.end(run)
    assert as_searched(w.db, w.run(run), {"metric": {"name": "loss"}}, False).objective == 0.4


def test_the_best_of_a_run_under_way_is_known_where_it_is_to_be_imputed(world, monkeypatch):
    w = world(method="random", metric={"name": "loss", "impute_while_running": "best"})
    run = w.given(w.agent())
    w.start(run)
    rows = [json.dumps({"loss": value, "_step": step}) for step, value in enumerate((0.2, 0.9))]
    w.post(run, files={"wandb-history.jsonl": {"offset": 0, "content": rows}})
    seen = []
    monkeypatch.setattr(w.scheduler, "_search", lambda config, runs, seed: seen.extend(runs) or {"x": 2})
    w.given(w.agent())
    assert [run.history for run in seen] == [[0.2, 0.9]]


def test_a_run_that_was_stopped_early_counts_what_it_had_reached_before_it_diverged(world):
    w = world(metric={"name": "loss"})
    run = diverged(w)
    w.db.execute("UPDATE runs SET stop_requested = 1, stop_reason = 'early_terminate'")
    w.end(run, 1)
    assert w.state(run) == "killed"
    seen = as_searched(w.db, w.run(run), {"metric": {"name": "loss"}}, False)
    assert (seen.state, seen.objective) == ("finished", 0.4)
