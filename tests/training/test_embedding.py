"""Neighbours sought in a trained network's embedding: what stands for a row, and which network may not."""

import json

import keras
import numpy as np
import pytest

from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import HYPERPARAMETERS as PREPARATION
from data_utils.preparation import fit_preparation
from data_utils.samplers import build_sampler
from data_utils.samplers.neighbours import mixtures
from models import Spec, build_model
from training import card
from training.embedding import embedded
from training.hyperparameters import inactive, resolve

SMOTE = {"sampler": "smote", "smote_on": "embedding", "window": 0.4}


@pytest.fixture(scope="module")
def network(tmp_path_factory, dataset):
    """The folder of a network as it was initialised, which saw 0.6 s of each beat, and its card."""
    folder = tmp_path_factory.mktemp("network")
    hp = resolve({"n_blocks": 1, "filters": 4, "dense_units": 8, "window": 0.6})
    preparation = fit_preparation(dataset.sides()[0], **{name: hp[name] for name in PREPARATION})
    covariates = list(preparation.covariate_names(dataset))
    keras.utils.set_random_seed(1)
    length, leads = preparation.length(dataset.rate), list(dataset.leads)
    spec = Spec(length, len(leads), len(covariates), len(dataset.classes), dataset.task)
    build_model(hp, spec).save(folder / card.MODEL)
    card.write_card(
        folder,
        {
            "format": card.FORMAT,
            "run": {"path": "none", "server": "none"},
            "hyperparameters": hp,
            "inactive": [],
            "task": dataset.task,
            "classes": list(dataset.classes),
            "class_names": list(dataset.class_names),
            "link": hp["link"],
            "leads": leads,
            "rate": dataset.rate,
            "units": "mV",
            "preparation": preparation.to_json(),
            "covariates": covariates,
            "thresholds": dict.fromkeys(dataset.classes, 0.5),
            "temperature": 1.0,
            "ranked_classes": [],
            "metrics": {},
            "dataset": {
                "digest": dataset.digest,
                "source": dataset.source,
                "simulated": True,
                "groups_known": True,
                "licence": dataset.licence,
                "preparation": {},
            },
            "versions": {},
        },
    )
    return folder


def test_neighbours_are_those_of_the_embedding_and_beats_are_what_is_mixed(dataset, network):
    train = dataset.sides()[0]
    hp = resolve({**SMOTE, "embedding_from": str(network), "seed": 4})
    model, said = keras.models.load_model(network / card.MODEL), card.read_card(network)
    # By hand: the input of the last layer, from the logits and that layer's weights alone.
    kernel, bias = model.get_layer("logits").get_weights()
    known = np.arange(len(train))
    points = embedded(train, known, hp)
    examples = Examples(train, fit_preparation(train, 0.6))
    logits = model.predict(examples.batch(known[:200]), verbose=0)
    assert points.shape == (len(train), len(kernel)) and points.dtype == np.float32
    assert points[:200] @ kernel + bias == pytest.approx(logits, abs=1e-4)
    assert said["preparation"]["window"] == 0.6

    recipes = build_sampler(hp, train, 0, 10).sampler.recipes

    stratum = train.targets.argmax(axis=1)
    goals = dict.fromkeys(range(4), int(np.bincount(stratum).max()))
    row, mate, share = mixtures("smote", points, stratum, goals, 5, 4)
    assert np.array_equal(recipes.rows[len(train) :], row) and np.array_equal(
        recipes.mates[len(train) :], mate
    )
    assert recipes.lam[len(train) :] == pytest.approx(1 - share)
    beats = build_sampler({**hp, "smote_on": "beat"}, train, 0, 10).sampler.recipes
    assert not np.array_equal(beats.mates, recipes.mates)


@pytest.mark.parametrize(
    ("given", "changed", "sentence"),
    [
        (
            {"folds": 2, "sampler_target": "S=majority"},
            {},
            r"embedding_from .* has seen the patients of these folds",
        ),
        ({}, {"rate": 100.0}, r"embedding_from .* knows other leads, another rate or other covariates"),
        ({}, {"leads": ["V9"]}, r"embedding_from .* knows other leads"),
        ({"embedding_from": ""}, {}, r"smote_on embedding needs embedding_from"),
        ({"embedding_from": "nowhere"}, {}, r"embedding_from nowhere is neither a folder nor a W&B artifact"),
    ],
)
def test_a_network_that_could_not_serve_is_refused(dataset, network, tmp_path, given, changed, sentence):
    (tmp_path / card.MODEL).symlink_to(network / card.MODEL)
    (tmp_path / card.NAME).write_text(json.dumps(card.read_card(network) | changed))
    hp = resolve({**SMOTE, "embedding_from": str(tmp_path), **given})
    with pytest.raises(BadInput, match=sentence):
        build_sampler(hp, dataset.sides(hp["folds"], 0 if hp["folds"] else None)[0], 0, 10)


def test_the_network_is_named_only_where_neighbours_are_sought_in_its_embedding():
    for other in ({"smote_on": "beat"}, {"sampler": "sqrt"}):
        assert "embedding_from" in inactive(resolve({**SMOTE, **other}))
    assert "embedding_from" not in inactive(resolve(SMOTE))
