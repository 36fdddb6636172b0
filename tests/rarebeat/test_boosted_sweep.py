"""A sweep over boosted trees, on features and on a network's embedding: its best run, and both together,
evaluate like any model."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

NETWORK = ("model=cnn", "window=0.4", "epochs=1", "steps_per_epoch=6", "n_blocks=1", "filters=4")
SWEEP = """\
method: grid
project: trees
command: ["${env}", "${interpreter}", "-m", "training.train"]
metric: {name: best/macro_auprc, goal: maximize}
parameters:
  model: {values: [xgboost_features, xgboost_embedding]}
  init_from: {value: network}
  window: {value: 0.4}
  epochs: {value: 2}
  boost_trees: {value: 4}
  data: {value: nowhere.h5}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory, terminal, backend, data):
    """A terminal in which a network was trained, and then a sweep of trees."""
    shell = terminal(tmp_path_factory.mktemp("trees"), backend.env)
    sets = [part for pair in NETWORK for part in ("--set", pair)]
    alone = terminal(shell.folder, {"WANDB_MODE": "disabled"})
    alone.run("python", "-m", "training.train", "--data", data, "--out", "network", *sets)
    (shell.folder / "sweep.yaml").write_text(SWEEP)
    shell.swept = shell.json("rarebeat", "sweep", "sweep.yaml", "--data", data, "--agents", "1", "-o", "won")
    return shell


def test_best_brings_the_trees_and_the_network_that_they_stand_on(shell):
    best = shell.json("rarebeat", "best", shell.swept["sweep"], "-o", "best")

    trees = {"xgboost_features": {"model.json"}, "xgboost_embedding": {"model.json", "model.keras"}}
    files = {file.name for file in (shell.folder / "best").iterdir()}
    board = shell.json("rarebeat", "leaderboard", shell.swept["sweep"])
    assert best["run"] == board["runs"][0]["run"]
    kind = board["runs"][0]["hyperparameters"]["model"]
    assert files == {"card.json", "point.yaml", *trees[kind]}


def test_an_ensemble_of_both_kinds_evaluates_and_nothing_but_the_opening_is_said(shell, data):
    shell.json("rarebeat", "ensemble", shell.swept["sweep"], "-o", "both")

    evaluated = shell.run("rarebeat", "evaluate", "both", "--data", data)

    assert evaluated.stdout.split(" on simulated.test.h5")[0].startswith("ensemble of local/trees/")
    assert [line for line in evaluated.stderr.splitlines() if not line.startswith("Opening ")] == []
    measured = shell.json("rarebeat", "evaluate", "both", "--data", data)
    assert measured["unit"] == "beats"
    assert measured["classes"]["N"]["auprc"]["value"] > 0.8
