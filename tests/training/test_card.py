"""A card is whole or refused, and is read without TensorFlow."""

import copy
import json
import subprocess
import sys

import jsonschema
import pytest

from data_utils.errors import BadInput
from training.card import read_card, write_card

CARD = {
    "format": "rarebeat-card-1",
    "run": {"path": "local/rarebeat/abc", "server": "http://127.0.0.1:8765"},
    "hyperparameters": {"loss": "ce"},
    "inactive": ["gamma"],
    "task": "multiclass",
    "classes": ["N", "V"],
    "class_names": ["Normal", "Ventricular"],
    "link": "softmax",
    "leads": ["MLII"],
    "rate": 360.0,
    "units": "mV",
    "preparation": {
        "window": 0.8,
        "position": 0.5,
        "scaling": "none",
        "covariate_mean": [],
        "covariate_std": [],
    },
    "covariates": [],
    "thresholds": {"N": 0.5, "V": 0.1},
    "temperature": 1.4,
    "ranked_classes": ["V"],
    "metrics": {"macro_auprc": 0.8},
    "dataset": {
        "digest": "00",
        "source": "mitdb",
        "simulated": False,
        "groups_known": True,
        "licence": "ODC-By 1.0",
        "preparation": {"filter": "none"},
    },
    "versions": {"keras": "3"},
}


def test_what_is_written_is_read(tmp_path):
    write_card(tmp_path, CARD)

    assert read_card(tmp_path) == CARD


@pytest.mark.parametrize("name", list(CARD))
def test_a_card_that_lacks_anything_is_not_written_and_not_read(tmp_path, name):
    lacking = {key: value for key, value in CARD.items() if key != name}

    with pytest.raises(jsonschema.ValidationError):
        write_card(tmp_path, lacking)
    assert not list(tmp_path.iterdir())
    (tmp_path / "card.json").write_text(json.dumps(lacking))
    with pytest.raises(BadInput, match=f"no whole card of a model: '{name}' is a required property"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda card: card["thresholds"].pop("V"), "classes, their names and their thresholds"),
        (lambda card: card["class_names"].pop(), "classes, their names and their thresholds"),
        (lambda card: card["covariates"].append("age"), "covariates and their covariate_mean"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(tmp_path, change, sentence):
    card = copy.deepcopy(CARD)
    change(card)
    write_card(tmp_path, card)

    with pytest.raises(BadInput, match=f"no whole card of a model: its {sentence}"):
        read_card(tmp_path)


def test_a_preparation_that_no_loader_understands_is_not_whole(tmp_path):
    unknown = {**CARD["preparation"], "filter": "0.5-40 Hz"}
    (tmp_path / "card.json").write_text(json.dumps({**CARD, "preparation": unknown}))

    with pytest.raises(BadInput, match=r"no whole card of a model: .*'filter' was unexpected"):
        read_card(tmp_path)


def test_a_vote_counts_every_member_once(tmp_path):
    """With weights of 5, 4 and 10 a class of 9 of 19 votes could pass."""
    weights = {"a": 5, "b": 4, "c": 10}
    write_card(tmp_path, {**CARD, "ensemble": {"how": "mean", "members": weights}})
    with pytest.raises(jsonschema.ValidationError, match="1 was expected"):
        write_card(tmp_path, {**CARD, "ensemble": {"how": "vote", "members": weights}})


@pytest.mark.parametrize(("text", "sentence"), [(None, "There is no card.json"), ("{", "no whole card")])
def test_no_card_and_no_json(tmp_path, text, sentence):
    if text:
        (tmp_path / "card.json").write_text(text)

    with pytest.raises(BadInput, match=sentence):
        read_card(tmp_path)


def test_it_is_read_without_tensorflow():
    code = "import sys, training.card; assert not {'tensorflow', 'keras'} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)
