"""KerasTuner over a sweep's parameters: conditions, refusals, and Hyperband that goes on with its weights."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from data_utils.errors import BadInput
from training import tuning
from training.card import read_card
from training.fit import fit_member
from training.predictions import read_predictions
from training.tuning import Search, _oracle, space, tune

# KerasTuner asks threads for their names by functions that Python 3.10 deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:(currentThread|getName).* is deprecated:DeprecationWarning")
METRIC = "best/macro_auprc"
SMALL = {"n_blocks": 1, "filters": 4, "dense_units": 8, "window": 0.3, "steps_per_epoch": 3, "dropout": 0.3}


def search(tuner="random", trials=None, fixed=None, **parameters):
    values = {name: {"value": value} for name, value in {**SMALL, **(fixed or {})}.items()}
    return Search(tuner, {**values, **parameters}, METRIC, "maximize", trials, seed=1)


def test_what_has_no_effect_under_another_value_is_a_conditional_parameter():
    made = space(
        search(
            gamma={"min": 0.0, "max": 5.0},
            loss={"values": ["ce", "focal"]},
            alpha={"min": 0.1, "max": 0.9},
            learning_rate={"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2},
            n_blocks={"min": 1, "max": 3},
        )
    )

    # alpha means something under sigmoid alone, and the link is softmax.
    assert {one.name for one in made.space} == {"gamma", "loss", "learning_rate", "n_blocks"}
    (gamma,) = [one for one in made.space if one.name == "gamma"]
    (condition,) = gamma.conditions
    assert (condition.name, condition.values) == ("loss", ["focal"])
    kinds = {one.name: type(one).__name__ for one in made.space}
    assert (kinds["n_blocks"], kinds["learning_rate"]) == ("Int", "Float")


def test_a_random_search_gives_an_inactive_parameter_no_value():
    oracle = _oracle(search(trials=20, loss={"values": ["ce", "focal"]}, gamma={"min": 0.0, "max": 5.0}))
    drawn = [oracle._random_values() for _ in range(20)]

    assert all(("gamma" in one) == (one["loss"] == "focal") for one in drawn)
    assert {one["loss"] for one in drawn} == {"ce", "focal"}


@pytest.mark.parametrize(
    ("parameter", "sentence"),
    [
        (
            {"distribution": "normal", "mu": 0.3, "sigma": 0.1},
            "dropout is distributed by normal, which",
        ),
        ({"values": [0.1, "a"]}, "dropout has values of several kinds"),
    ],
)
def test_what_kerastuner_cannot_search_is_refused(parameter, sentence):
    with pytest.raises(BadInput, match=sentence):
        space(search(dropout=parameter))


def test_a_search_of_nothing_and_epochs_against_hyperband_are_refused():
    with pytest.raises(BadInput, match="leaves nothing to search"):
        space(search())
    with pytest.raises(BadInput, match="epochs are Hyperband's to choose"):
        _oracle(search("hyperband", epochs={"values": [2, 4]}, gamma={"min": 0.0, "max": 1.0}))


def test_a_grid_is_run_through_and_a_failed_trial_is_told(dataset, tmp_path):
    told = []
    # A window of 0.05 s is 18 samples, which halve four times at most.
    looked = search("grid", fixed={"epochs": 1, "window": 0.05}, n_blocks={"values": [1, 8, 9]})

    trials = tune(looked, dataset, tmp_path, lambda trial, best: told.append((trial.state, best)))

    assert [one.hp["n_blocks"] for one in trials] == [1, 8, 9]
    assert told == [("finished", True), ("failed", False), ("failed", False)]
    assert "n_blocks is 8" in trials[1].reason
    # Out of the bounds that no YAML is checked against here.
    assert "n_blocks is 9, which is out of bounds" in trials[2].reason


def test_a_metric_that_is_not_measured_ends_the_search_at_its_first_trial(dataset, tmp_path):
    looked = replace(search(trials=5, fixed={"epochs": 1}, n_blocks={"min": 1, "max": 3}), metric="best/f1/T")
    told = []

    with pytest.raises(BadInput, match=r"metric is best/f1/T, which is not measured .* best/macro_auprc"):
        tune(looked, dataset, tmp_path, lambda trial, best: told.append(trial))
    assert told == []


def test_where_several_classes_may_be_true_the_link_is_sigmoid_and_alpha_is_searched(monkeypatch, tmp_path):
    oracles = []

    def no_runner(oracle, *rest):
        oracles.append(oracle)
        return SimpleNamespace(search=lambda: None, finished=[])

    monkeypatch.setattr(tuning, "_Runner", no_runner)

    looked = search(fixed={"loss": "focal"}, alpha={"min": 0.1, "max": 0.9})
    tune(looked, SimpleNamespace(task="multilabel"), tmp_path, lambda trial, best: None)

    assert [one.name for one in oracles[0].hyperparameters.space] == ["alpha"]
    with pytest.raises(BadInput, match="leaves nothing to search"):
        tune(looked, SimpleNamespace(task="multiclass"), tmp_path, lambda trial, best: None)


def test_hyperband_goes_on_with_the_weights_of_the_round_before(dataset, tmp_path):
    # By hand, for 3 epochs and factor 3: three trials of 1 epoch, the best of which goes on to 3.
    looked = search(
        "hyperband", 4, {"epochs": 3, "patience": 9},
        learning_rate={"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2},
    )  # fmt: skip

    trials = tune(looked, dataset, tmp_path, lambda trial, best: None)

    assert [one.summary["epoch"] for one in trials] == [1, 1, 1, 3]
    last = trials[3]
    assert last.hp == max(trials[:3], key=lambda one: one.summary[METRIC]).hp
    ranked = read_card(tmp_path / last.id)["ranked_classes"]
    straight = fit_member(last.hp, dataset, ranked, lambda row: None)
    assert last.summary[METRIC] == straight.best["macro_auprc"]
    assert np.array_equal(read_predictions(tmp_path / last.id).logits, straight.logits)
    with_model = [one for one in trials if (tmp_path / one.id / "model.keras").exists()]
    assert [one.summary[METRIC] for one in with_model] == [max(one.summary[METRIC] for one in trials)]
