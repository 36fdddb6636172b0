"""How a sweep is named, and what is read of its runs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from data_utils.errors import BadInput
from rarebeat.configurations import together
from rarebeat.ranking import classes, rank
from rarebeat.sweep_runs import SweepRuns, find_sweep, read_entry


def asked_for(path: str) -> str:
    """What the client is asked for."""
    asked: list[str] = []
    settings = {"entity": "me", "project": None, "base_url": "https://wandb.example"}
    find_sweep(SimpleNamespace(settings=settings, sweep=lambda path: asked.append(path) or path), path)
    return asked[0]


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("you/ecg/ab12cd34", "you/ecg/ab12cd34"),
        ("ecg/ab12cd34", "me/ecg/ab12cd34"),
        ("https://wandb.ai/you/ecg/sweeps/ab12cd34", "you/ecg/ab12cd34"),
        # As W&B's page has it in the browser's bar.
        ("https://wandb.ai/you/my%20ecg/sweeps/ab12cd34?nw=nwuseryou", "you/my ecg/ab12cd34"),
        # As the client prints it.
        ("https://wandb.ai/you/my+ecg/sweeps/ab12cd34", "you/my ecg/ab12cd34"),
        ("http://127.0.0.1:8765/you/sweeps/sweeps/ab12cd34/#top", "you/sweeps/ab12cd34"),
        ("you/sweeps/ab12cd34", "you/sweeps/ab12cd34"),
        ("sweeps/ab12cd34", "me/sweeps/ab12cd34"),
    ],
)
def test_a_sweep_is_found_by_its_path_or_its_web_address(typed, path):
    assert asked_for(typed) == path


def test_what_is_no_path_is_refused():
    with pytest.raises(BadInput, match="write ENTITY/PROJECT/SWEEP"):
        asked_for("a/b/c/d")


@pytest.mark.parametrize(
    ("goal", "logged", "value"),
    [
        ("maximize", {"max": 0.9}, 0.9),
        ("minimize", {"min": 0.1, "max": 0.9}, 0.1),
        ("maximize", {"last": 0.5}, 0.5),
        ("maximize", 0.7, 0.7),
        ("maximize", "NaN", None),
    ],
)
def test_an_objective_that_define_metric_summarises_is_what_that_says(goal, logged, value):
    run = SimpleNamespace(
        id="a", name="a", state="finished", config={}, summary_metrics={"val/acc": logged, "epoch": 3},
        created_at="", path=["me", "ecg", "a"],
    )  # fmt: skip
    entry = read_entry(run, {"name": "val/acc", "goal": goal})
    assert entry.objective == entry.summary.get("val/acc") == value
    assert entry.epochs == 3
    assert read_entry(run, {}).objective is None


def test_a_run_of_a_project_with_a_blank_is_asked_for_by_its_own_name():
    run = SimpleNamespace(
        id="a", name="a", state="finished", config={}, summary_metrics={}, created_at="",
        path=["me", "my%20ecg", "a"],
    )  # fmt: skip
    assert read_entry(run, {}).path == "me/my ecg/a"


@pytest.mark.parametrize(
    ("config", "hyperparameters"),
    [
        ({"x": 1, "dataset": {"digest": "d"}, "inactive": ["x"], "versions": {"keras": "3"}}, {"x": 1}),
        # As another program may name its own.
        ({"dataset": "cifar10", "inactive": 3}, {"dataset": "cifar10", "inactive": 3}),
        ({"dataset": {"classes": 10}, "versions": "a"}, {"dataset.classes": 10, "versions": "a"}),
    ],
)
def test_what_a_run_adds_to_its_configuration_is_no_hyperparameter(config, hyperparameters):
    run = SimpleNamespace(
        id="a", name="a", state="finished", config=config, summary_metrics={"f1": 0.5}, created_at="",
        path=["me", "ecg", "a"],
    )  # fmt: skip
    entry = read_entry(run, {"name": "f1", "goal": "maximize"})
    assert entry.config == hyperparameters
    runs = SweepRuns("me/ecg/s", "", "FINISHED", "f1", "maximize", (), (entry,))
    assert len(together(rank(runs)).ranked) == 1
    assert classes(runs.entries) == []
