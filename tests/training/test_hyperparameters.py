"""Hyperparameters: one table, checked values, and sentences that say what would be right."""

import json
import os
import subprocess
import sys

import pytest

from data_utils.errors import BadInput
from training.hyperparameters import TABLE, check, inactive, resolve
from training.plugins import load_plugins

PROMISED = {
    *("data", "window", "scaling", "covariates", "sampler", "folds", "seed"),
    *("model", "n_blocks", "filters", "kernel_size", "dropout", "dense_units"),
    *("loss", "link", "gamma", "alpha", "weight_power"),
    *("learning_rate", "weight_decay", "warmup_epochs"),
    *("epochs", "batch_size", "steps_per_epoch", "patience"),
}


def test_the_names_are_those_that_sweeps_are_written_with():
    assert set(TABLE) >= PROMISED


@pytest.mark.parametrize("name", list(TABLE))
def test_a_declaration_is_whole_and_its_default_passes_its_own_check(name):
    declaration = TABLE[name]

    assert declaration["type"] in ("float", "int", "bool", "str", "choice")
    assert declaration["meaning"].endswith(".")
    assert check(name, declaration["default"]) == declaration["default"]
    assert set(declaration.get("active", {})) | set(declaration.get("needs", ())) <= set(TABLE)


def test_what_is_not_given_has_its_default():
    hp = resolve({"gamma": 1})

    assert hp["gamma"] == 1.0 and isinstance(hp["gamma"], float)
    assert {name: value for name, value in hp.items() if name != "gamma"} == {
        name: declaration["default"] for name, declaration in TABLE.items() if name != "gamma"
    }


def test_a_quantised_whole_number_is_an_int():
    assert resolve({"n_blocks": 3.0})["n_blocks"] == 3
    assert isinstance(resolve({"n_blocks": 3.0})["n_blocks"], int)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lerning_rate": 0.1}, "no hyperparameter 'lerning_rate': did you mean 'learning_rate'\\?$"),
        ({"zzz": 1}, "no hyperparameter 'zzz'; there are alpha"),
        ({"learning_rate": "1e-4"}, "must be a number: write 1.0e-4, because YAML reads 1e-4 as text"),
        ({"learning_rate": "2.5E3"}, "write 2.5e\\+3"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast', but it must be a number\\."),
        ({"learning_rate": float("nan")}, "must be a number"),
        ({"folds": 1}, "folds cannot be 1: it must be between 0 and 100"),
        ({"dropout": 1.5}, "dropout is 1.5, which is out of bounds: it must be between 0.0 and 0.9"),
        ({"n_blocks": 2.5}, "n_blocks is 2.5, but it must be a whole number"),
        ({"n_blocks": True}, "must be a whole number"),
        ({"covariates": 1}, "must be a true or false value"),
        ({"loss": "focall"}, "loss is 'focall', which is not one of ce, focal, asymmetric"),
        ({"sampler": None}, "sampler is None, which is not one of class_aware, curriculum, ml_ros, none,"),
        ({"data": 3}, "data is 3, but it must be a text"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(BadInput, match=sentence):
        resolve(given)


def test_the_link_follows_a_multilabel_data_set_unless_it_is_given():
    assert resolve({}, "multiclass")["link"] == "softmax"
    assert resolve({}, "multilabel")["link"] == "sigmoid"
    with pytest.raises(BadInput, match="use sigmoid"):
        resolve({"link": "softmax"}, "multilabel")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"loss": "ce"}, {"gamma", "alpha", "weight_power"}),
        ({"loss": "focal", "link": "softmax"}, {"alpha", "weight_power"}),
        ({"loss": "focal", "link": "sigmoid"}, {"weight_power"}),
        ({"loss": "weighted_ce", "link": "sigmoid"}, {"gamma", "alpha"}),
    ],
)
def test_what_means_nothing_under_these_values_is_inactive(given, expected):
    assert set(inactive(resolve(given))) & {"gamma", "alpha", "weight_power"} == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"augment_probability", "noise_from"}),
        ({"augment_mask": 0.1}, {"noise_from"}),
        ({"augment_snr": 10.0}, set()),
        ({"augment_snr": 10.0, "model": "xgboost_features"}, {"augment_probability", "noise_from"}),
    ],
)
def test_what_needs_another_is_inactive_while_that_is_off(given, expected):
    assert set(inactive(resolve(given))) & {"augment_probability", "noise_from"} == expected


def test_the_table_is_printed_as_json_with_what_a_plugin_adds(tmp_path):
    (tmp_path / "my_losses.py").write_text(
        "from training.losses import register_loss\n"
        "register_loss('mine', lambda hp, counts: None,\n"
        "    {'steep': {'type': 'float', 'default': 0.5, 'min': 0.0, 'max': 1.0, 'meaning': 'A slope.'}})\n"
    )
    plugin = {"RAREBEAT_PLUGINS": "my_losses", "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "training.hyperparameters"]

    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **plugin}, check=True)

    output = json.loads(done.stdout)
    table = output["hyperparameters"]
    assert table.pop("steep")["active"] == {"loss": ["mine"]}
    assert table["loss"]["choices"] == [*TABLE["loss"]["choices"], "mine"]
    assert set(table) == set(TABLE)
    assert {"best/macro_auprc", "val/f1/{class}", "val/loss", "epoch"} <= set(output["metrics"])


def test_a_plugin_that_cannot_be_imported_ends_the_program_with_a_sentence():
    command = [sys.executable, "-m", "training.hyperparameters"]
    environment = {**os.environ, "RAREBEAT_PLUGINS": "no_such_module"}

    done = subprocess.run(command, capture_output=True, text=True, env=environment)

    assert done.returncode == 2
    assert done.stderr.startswith("RAREBEAT_PLUGINS names no_such_module, which cannot be imported")
    assert len(done.stderr.splitlines()) == 1


def test_a_plugins_model_that_takes_the_name_of_a_losss_hyperparameter_ends_the_program_with_a_sentence(
    tmp_path,
):
    declared = {"alpha": {"type": "float", "default": 1.2, "meaning": "Depth."}}
    (tmp_path / "takes_alpha.py").write_text(
        f"from models import register_builder\nregister_builder('deeper', None, {declared})\n"
    )
    environment = {**os.environ, "RAREBEAT_PLUGINS": "takes_alpha", "PYTHONPATH": str(tmp_path)}

    command = [sys.executable, "-m", "training.train", "--set", "model=deeper"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)

    assert done.returncode == 2
    assert done.stderr.startswith("Two parts of a run declare alpha: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_run_refuses_to_begin_without_a_plugin_that_it_was_to_have(monkeypatch):
    monkeypatch.setattr("training.hyperparameters.REFUSED", BadInput("no plug-in"))

    with pytest.raises(BadInput, match="no plug-in"):
        resolve({})


def test_a_declaration_may_have_one_bound_only(monkeypatch):
    monkeypatch.setitem(
        TABLE, "margin", {"type": "float", "default": 1.0, "min": 0.5, "meaning": "A margin."}
    )

    assert check("margin", 1e9) == 1e9
    with pytest.raises(BadInput, match=r"margin is 0\.1, which is out of bounds: .* between 0\.5 and inf"):
        check("margin", 0.1)


def test_a_plugin_that_cannot_be_imported_is_named():
    with pytest.raises(BadInput, match="RAREBEAT_PLUGINS names no_such_module, which cannot be imported"):
        load_plugins("no_such_module")
