"""Gradient boosting by the same entrypoint: its file, its refusals, and that weights repeat rows."""

import json
import os

import keras
import numpy as np
import pytest
import xgboost

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation
from training.answers import load_model
from training.boosted import Trees
from training.boosting import _problems
from training.card import read_card
from training.evaluation import evaluate_model
from training.fit import fit_member
from training.folds import fit_folds
from training.hyperparameters import inactive
from training.predictions import read_predictions
from training.train import main

RANKED = ("N", "S")
TREES = {"model": "xgboost_features", "epochs": 3, "boost_trees": 4, "boost_depth": 3, "window": 0.2}
NETWORK = {"n_blocks": 1, "filters": 4, "dense_units": 8, "window": 0.4, "epochs": 1, "steps_per_epoch": 5}


@pytest.fixture
def alone(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("WANDB_", "RAREBEAT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(dataset_file, out, **values):
    pairs = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    return main(["--data", str(dataset_file), "--out", out, *pairs])


@pytest.mark.parametrize("values", [{"folds": 2}, {"link": "sigmoid"}])
def test_trees_train_are_saved_as_json_and_give_the_same_logits_again(alone, dataset_file, values):
    assert run(dataset_file, "trees", **TREES, **values) == 0

    folder = alone / "trees"
    assert sorted(p.name for p in folder.iterdir()) == ["card.json", "model.json", "predictions.npz"]
    stored = json.loads((folder / "model.json").read_text())
    assert len(stored["members"]) == max(1, values.get("folds", 0))
    # One booster of four outputs under softmax, one a class under sigmoid.
    assert [len(member) for member in stored["members"]] == ([4] if "link" in values else [1, 1])
    card = read_card(folder)
    assert card["hyperparameters"]["model"] == "xgboost_features" and "dropout" in card["inactive"]
    if "link" in values:
        side = open_dataset(dataset_file).sides()[1]
        found = load_model(folder)(Examples(side, Preparation.from_json(card["preparation"])))
        assert found == pytest.approx(read_predictions(folder).logits, abs=1e-5)

    sealed = evaluate_model(folder, dataset_file.with_suffix(".test.h5"), resamples=20)
    assert set(sealed["classes"]) == {"N", "S", "V", "F"}
    assert sealed["macro"]["auprc"]["value"] > 0.25


def test_trees_see_a_networks_embedding_and_bring_the_network_with_them(alone, dataset_file, capsys):
    assert run(dataset_file, "network", **NETWORK) == 0
    boosting = {**TREES, "model": "xgboost_embedding", "init_from": "network"}

    assert run(dataset_file, "both", **boosting) == 0
    names = sorted(path.name for path in (alone / "both").iterdir())
    assert names == ["card.json", "model.json", "model.keras", "predictions.npz"]
    embedding = keras.models.load_model(alone / "both" / "model.keras")
    (member,) = json.loads((alone / "both" / "model.json").read_text())["members"]
    seen = int(member[0]["learner"]["learner_model_param"]["num_feature"])
    assert embedding.output_shape == (None, seen)
    assert evaluate_model(alone / "both", dataset_file.with_suffix(".test.h5"), resamples=20)["rows"] > 0

    assert run(dataset_file, "leak", **boosting, folds=2) == 2
    assert "has seen the patients of these folds" in capsys.readouterr().err
    assert run(dataset_file, "none", **TREES | {"model": "xgboost_embedding"}) == 2
    assert "needs init_from" in capsys.readouterr().err


def test_one_row_an_epoch_and_the_best_epochs_trees(dataset, tiny):
    rows = []
    hp = tiny(**{**TREES, "epochs": 6, "patience": 2})

    member = fit_member(hp, dataset, RANKED, rows.append)

    assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
    objectives = [row["val/macro_auprc"] for row in rows]
    assert member.epoch_best == 1 + int(np.argmax(objectives)) and len(rows) <= member.epoch_best + 2
    assert rows[-1]["train/loss"] < rows[0]["train/loss"]
    (booster,) = member.model.boosters
    assert booster.num_boosted_rounds() == member.epoch_best * 4


def test_the_sampler_and_class_weights_become_weights_of_rows(dataset, tiny):
    train = dataset.sides()[0]
    n = train.targets.sum(axis=0)

    (plain,) = _problems(tiny(**TREES), None, train)
    assert np.all(plain.weight == 1)
    (over,) = _problems(tiny(**TREES, sampler="oversample"), None, train)
    # By definition every class then counts as often as the most frequent.
    drawn = np.bincount(over.target, over.weight)
    assert drawn.tolist() == [n.max()] * 4
    (weighted,) = _problems(tiny(**TREES, loss="weighted_ce", class_weights="inverse"), None, train)
    # By definition N/n, scaled so that the mean weight is 1: every class then weighs N/K.
    assert np.bincount(weighted.target, weighted.weight) == pytest.approx([len(train) / 4] * 4, rel=1e-5)
    ones = _problems(tiny(**TREES, loss="weighted_ce", class_weights="S=8", link="sigmoid"), None, train)
    assert [set(one.weight) for one in ones] == [{1.0}, {1.0, 8.0}, {1.0}, {1.0}]


def test_one_class_has_logits_of_two_dimensions():
    inputs = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    rows = xgboost.DMatrix(inputs, inputs[:, 0] > 0)
    booster = xgboost.train({"objective": "binary:logistic"}, rows, 2)

    assert Trees([booster]).logits(inputs).shape == (40, 1)


def test_what_only_a_network_has_is_inactive(tiny):
    idle = {"batch_size", "steps_per_epoch", "label_smoothing", "prior_correction", "learning_rate"}

    assert idle <= set(inactive(tiny(**TREES)))
    assert not idle & set(inactive(tiny()))
    assert not {"epochs", "patience", "seed", "sampler", "boost_rate"} & set(inactive(tiny(**TREES)))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"loss": "focal"}, "Boosting has no loss focal: use one of ce, weighted_ce."),
        ({"sampler": "smote"}, "Trees cannot see rows that sampler smote mixes"),
    ],
)
def test_what_trees_cannot_be_given_is_refused(dataset, tiny, values, sentence):
    with pytest.raises(BadInput, match=sentence):
        fit_member(tiny(**TREES, **values), dataset, RANKED, lambda row: None)


def test_the_logits_are_xgboosts_own_margins(dataset, tiny):
    members = fit_folds(tiny(**TREES), dataset, RANKED, lambda row: None)
    (booster,) = members[0].model.boosters
    examples = Examples(members[0].validation, members[0].preparation)
    batch = examples.batch(np.arange(len(examples)))
    inputs = np.concatenate([batch["signal"].reshape(len(examples), -1), batch["covariates"]], axis=1)

    shares = booster.predict(xgboost.DMatrix(inputs))
    exp = np.exp(members[0].logits)
    assert exp / exp.sum(axis=1, keepdims=True) == pytest.approx(shares, abs=1e-6)
