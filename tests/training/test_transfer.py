"""A run that starts from a trained model: what it takes over, what it leaves, and what it refuses."""

import functools
import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.preparation import Preparation
from data_utils.write import BeatRows, Description, writing
from models import Spec, build_model
from models.registry import BUILDERS
from training.embedding import load_embedding
from training.hyperparameters import resolve
from training.train import main
from training.transfer import Inputs, channel_names, copy_weights, freeze, load, with_head_rate

SMALL = {
    **{"n_blocks": 2, "filters": 4, "dense_units": 8, "se_ratio": 2, "attention_units": 4, "dropout": 0.0},
    **{"stem_blocks": 1, "stem_filters": 4, "rnn_units": 4, "bidirectional": True},
    **{"depth": 10, "width": 4, "long_kernel_size": 5, "stages": 1},
}
THERE = Inputs(("I", "II", "V1"), ("age", "rr"), 50.0)
LENGTH = 40


def network(name, inputs, classes=3, **values):
    spec = Spec(LENGTH, len(inputs.leads), len(inputs.covariates), classes, "multilabel")
    return build_model({"model": name, **SMALL, **values}, spec)


@functools.cache
def source(name, layers=0):
    keras.utils.set_random_seed(4)
    model = network(name, THERE, covariate_layers=layers)
    rng = np.random.default_rng(2)
    for weight in model.weights:
        weight.assign(keras.ops.convert_to_numpy(weight) + 0.1 * rng.random(weight.shape, np.float32))
    return model


def seen(inputs, values):
    """The batch in which each lead and covariate has the values of its name."""
    return {
        "signal": np.stack([values[lead] for lead in inputs.leads], axis=-1),
        "covariates": np.stack([values[name] for name in inputs.covariates], axis=-1)[:, 0],
    }


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    return {
        name: rng.standard_normal((4, LENGTH)).astype("float32")
        for name in ("I", "II", "V1", "aVF", "age", "rr", "sex")
    }


def logits(model, batch):
    return keras.ops.convert_to_numpy(model(batch, training=False))


@pytest.mark.parametrize("name", list(BUILDERS))
def test_leads_and_covariates_are_matched_by_name_and_new_ones_have_no_influence(name, values):
    here = Inputs(("V1", "aVF", "II"), ("sex", "rr"), 50.0)
    target = network(name, here)

    copy_weights(source(name), target, THERE, here, same_head=True)

    # What the target does not have is 0 to the source, and what the source does not know changes nothing.
    unknown = {"I": 0 * values["I"], "age": 0 * values["age"]}
    expected = logits(source(name), seen(THERE, values | unknown))
    assert logits(target, seen(here, values)) == pytest.approx(expected, abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_leads_and_covariates_of_a_branch_are_matched_by_name(name, values):
    here = Inputs(("V1", "I", "II"), ("rr", "sex"), 50.0)
    target = network(name, here, covariate_layers=2)

    copy_weights(source(name, layers=2), target, THERE, here, same_head=True)

    expected = logits(source(name, layers=2), seen(THERE, values | {"age": 0 * values["age"]}))
    assert logits(target, seen(here, values)) == pytest.approx(expected, abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("there_too", [True, False])
def test_the_residual_of_a_lead_is_matched_as_a_channel_of_its_own(values, there_too):
    def named(leads, residual):
        return Inputs(channel_names(leads, Preparation(1.0, residual=residual)), (), 50.0)

    there, here = named(("I", "II"), there_too), named(("II", "V1"), True)
    keras.utils.set_random_seed(6)
    first, target = network("cnn", there), network("cnn", here)

    copy_weights(first, target, there, here, same_head=True)

    rest = {name: values[other] for name, other in (("II residual", "aVF"), ("V1 residual", "rr"))}
    unknown = {"I": 0 * values["I"], "I residual": 0 * values["I"]}
    batches = [
        {"signal": np.stack([(values | rest | unknown)[name] for name in one.leads], axis=-1)}
        for one in (there, here)
    ]
    expected = logits(first, batches[0])
    assert logits(target, batches[1]) == pytest.approx(expected, abs=1e-5, rel=1e-5)


def test_a_data_set_without_covariates_takes_over_all_but_their_rows(values):
    here = Inputs(("I", "II", "V1"), (), 50.0)
    target = network("cnn", here)

    copy_weights(source("cnn"), target, THERE, here, same_head=True)

    without = values | {"age": 0 * values["age"], "rr": 0 * values["rr"]}
    batch = {"signal": seen(THERE, values)["signal"]}
    assert logits(target, batch) == pytest.approx(
        logits(source("cnn"), seen(THERE, without)), abs=1e-5, rel=1e-5
    )


def test_other_classes_get_a_fresh_last_layer_and_all_else_is_taken_over():
    target = network("cnn", THERE, classes=5)
    fresh = target.get_layer("logits").get_weights()

    copy_weights(source("cnn"), target, THERE, THERE, same_head=False)

    for one, other in zip(target.get_layer("logits").get_weights(), fresh, strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(
        target.get_layer("fully_connected_1").get_weights()[0],
        source("cnn").get_layer("fully_connected_1").get_weights()[0],
    )


def test_another_network_is_no_source():
    for other in (network("cnn", THERE, filters=5), network("cnn", THERE, n_blocks=3)):
        with pytest.raises(ValueError, match=r"."):
            copy_weights(source("cnn"), other, THERE, THERE, same_head=True)


@pytest.mark.parametrize(("until", "kinds"), [("1", {"conv", "batch"}), ("fully_connected_1", None)])
def test_what_is_frozen_stays_and_the_rest_moves(until, kinds, values):
    model = network("cnn", THERE)
    freeze(model, until)
    model.compile(keras.optimizers.SGD(0.1), keras.losses.BinaryCrossentropy(from_logits=True))
    before = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}

    model.train_on_batch(seen(THERE, values), np.eye(3, dtype="float32")[[0, 1, 2, 0]])

    # Statistics of normalisation count: a frozen block keeps them too.
    stayed = {
        name
        for name, old in before.items()
        if all(map(np.array_equal, old, model.get_layer(name).get_weights()))
    }
    frozen = {layer.name for layer in model.layers if layer.weights and not layer.trainable}
    assert stayed == frozen
    if kinds:
        assert len(frozen) == 2 and {name[:4] for name in frozen} == {kind[:4] for kind in kinds}
    else:
        assert before.keys() - frozen == {"logits"}


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("9", "freeze_until is '9', but the cnn has no such block or layer: its blocks are 1 to 2"),
        ("nowhere", "no such block or layer"),
        ("logits", "leaves nothing of the cnn to train"),
    ],
)
def test_freezing_nothing_or_everything_is_refused(until, sentence):
    with pytest.raises(BadInput, match=sentence):
        freeze(network("cnn", THERE), until)


def test_the_head_steps_at_its_multiple_of_the_rate(values):
    targets = np.eye(3, dtype="float32")[[0, 1, 2, 0]]

    def steps(multiple):
        keras.utils.set_random_seed(5)
        model = network("cnn", THERE)
        optimizer = with_head_rate(keras.optimizers.SGD(0.1), model, multiple)
        model.compile(optimizer, keras.losses.BinaryCrossentropy(from_logits=True))
        before = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
        model.train_on_batch(seen(THERE, values), targets)
        after = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
        return [
            [b - a for a, b in zip(before[n], after[n], strict=True)] for n in ("logits", "fully_connected_1")
        ]

    (head, dense), (fast, same) = steps(1.0), steps(3.0)

    for one, other in zip(head, fast, strict=True):
        assert other == pytest.approx(3 * one, abs=1e-6)
    for one, other in zip(dense, same, strict=True):
        assert other == pytest.approx(one, abs=1e-6)


def records(path, leads, classes, rate=50.0):
    """Ninety records of two seconds of nine patients; each class is a wave of its own."""
    rng = np.random.default_rng(1)
    description = Description(
        *("multilabel", classes, classes, leads, rate, ()),
        *("by hand", "none", False, True, {"filter": "none"}),
    )
    seconds = np.arange(round(2 * rate)) / rate
    with writing(path, description) as writer:
        for number in range(90):
            patient = number % 9
            truth = rng.random(len(classes)) < 0.4
            waves = np.stack([np.sin(2 * np.pi * hertz * seconds) for hertz in (2, 5, 9)[: len(classes)]])
            signal = (truth @ waves)[:, None] + 0.2 * rng.standard_normal((len(seconds), len(leads)))
            rows = BeatRows(np.array([-1]), truth.astype(np.uint8)[None], np.zeros((1, 0), np.float32))
            split = "validation" if patient < 3 else "test" if patient == 8 else "train"
            writer.add(f"r{number}", f"p{patient}", split, signal, rows)
        writer.finish({f"p{patient}": patient % 3 for patient in range(8)})
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of three leads and two classes, and a data set of two of these leads and three classes."""
    folder = tmp_path_factory.mktemp("transfer")
    first = records(folder / "first.h5", ("I", "II", "V1"), ("slow", "fast"))
    records(folder / "second.h5", ("V1", "aVF", "II"), ("slow", "fast", "faster"))
    records(folder / "other_rate.h5", ("I", "II"), ("slow", "fast"), rate=60.0)
    records(folder / "other_leads.h5", ("V5", "V6"), ("slow", "fast"))
    with pytest.MonkeyPatch.context() as patch:
        alone(patch)
        assert train(first, folder / "model", []) == 0
    return folder


def alone(patch):
    for name in [name for name in os.environ if name.startswith(("WANDB_", "RAREBEAT_"))]:
        patch.delenv(name)
    patch.setenv("WANDB_MODE", "disabled")


def train(data, out, pairs):
    small = ["window=2.0", "n_blocks=2", "filters=4", "dense_units=8", "epochs=1", "steps_per_epoch=4"]
    options = [part for pair in (*small, "batch_size=16", *pairs) for part in ("--set", pair)]
    return main(["--data", str(data), "--out", str(out), *options])


def test_a_run_starts_from_a_model_of_other_leads_and_classes(trained, tmp_path, monkeypatch, capsys):
    alone(monkeypatch)

    card = json.loads((trained / "model" / "card.json").read_text())
    source = shutil.copytree(trained / "model", tmp_path / "source")
    strangers = card["patients"].replace(card["patients"][:10], "0123456789")
    (source / "card.json").write_text(json.dumps(card | {"patients": strangers}))

    pairs = [f"init_from={source}", "freeze_until=2", "head_learning_rate=10"]
    assert train(trained / "second.h5", tmp_path / "out", pairs) == 0

    assert "2 of 3 channels known there, a fresh last layer" in capsys.readouterr().out
    # Both files train on the same five patients; one of those who taught the source is called otherwise here.
    ours = json.loads((tmp_path / "out" / "card.json").read_text())["patients"].split()
    assert set(ours) == {*card["patients"].split(), "0123456789"} and len(ours) == 6
    ours = keras.models.load_model(tmp_path / "out" / "model.keras")
    theirs, _ = load(str(trained / "model"))
    kernels = [
        [keras.ops.convert_to_numpy(layer.kernel) for layer in model.layers if hasattr(layer, "filters")]
        for model in (ours, theirs)
    ]
    # V1, aVF, II of I, II, V1: what is frozen is as it was, and aVF has no weight.
    assert np.array_equal(kernels[0][0][:, [0, 2]], kernels[1][0][:, [2, 1]])
    assert not kernels[0][0][:, 1].any()
    assert np.array_equal(kernels[0][1], kernels[1][1])


@pytest.mark.parametrize(
    ("data", "pairs", "sentence"),
    [
        (
            "second.h5",
            ["init_from={model}", "n_blocks=3"],
            "another network than this run's: set n_blocks to 2",
        ),
        ("second.h5", ["init_from={model}", "model=mlp"], "is a cnn, but this run trains a mlp"),
        ("other_rate.h5", ["init_from={model}"], "saw 50 Hz, but this run sees 60 Hz"),
        ("other_leads.h5", ["init_from={model}"], "knows the leads I, II, V1, none of which is here"),
        ("first.h5", ["init_from={model}", "folds=2"], "has seen the patients of these folds"),
        ("second.h5", ["init_from={model}", "folds=2"], "5 of the patients who validate this run trained"),
        (
            "second.h5",
            ["init_from={model}", "scaling=window"],
            "saw signals in mV, but this run sees them of scaling window",
        ),
        ("second.h5", ["init_from=nowhere"], "neither a folder nor a W&B artifact"),
        ("second.h5", ["freeze_until=1"], "freeze_until without init_from"),
    ],
)
def test_what_cannot_be_started_from_ends_with_one_sentence(
    trained, tmp_path, monkeypatch, capsys, data, pairs, sentence
):
    alone(monkeypatch)

    pairs = [pair.format(model=trained / "model") for pair in pairs]
    assert train(trained / data, tmp_path / "out", pairs) == 2

    assert sentence in capsys.readouterr().err


def test_a_model_file_that_is_none_is_refused_in_a_sentence(trained, tmp_path):
    (tmp_path / "model.keras").write_text("no network")
    shutil.copy(trained / "model" / "card.json", tmp_path)

    with pytest.raises(BadInput, match=r"model\.keras is no model that this version of Keras reads"):
        load(str(tmp_path))


def test_the_embedding_of_a_network_of_some_leads_serves_where_there_are_more(trained, tmp_path):
    shutil.copy(trained / "model" / "model.keras", tmp_path)
    card = json.loads((trained / "model" / "card.json").read_text())
    card |= {"leads": ["II", "V1"], "preparation": card["preparation"] | {"leads": ["II", "V1"]}}
    (tmp_path / "card.json").write_text(json.dumps(card))

    hp = resolve({"model": "xgboost_embedding", "init_from": str(tmp_path)}, "multilabel")
    _, preparation, _ = load_embedding("init_from", hp, open_dataset(trained / "second.h5"))

    assert preparation.leads == ("II", "V1")
    with pytest.raises(BadInput, match="knows other leads"):
        load_embedding("init_from", hp, open_dataset(trained / "other_leads.h5"))


def test_of_a_model_of_folds_the_first_member_is_taken(trained, tmp_path, monkeypatch):
    alone(monkeypatch)
    assert train(trained / "first.h5", tmp_path / "folds", ["folds=2"]) == 0

    member, _ = load(str(tmp_path / "folds"))

    assert member.output.shape == (None, 2)
    assert not [layer for layer in member.layers if isinstance(layer, keras.Model)]


LOG = """
import sys, wandb
with wandb.init(project="transfer") as run:
    artifact = wandb.Artifact("source", type="model")
    for name in ("model.keras", "card.json"):
        artifact.add_file(f"{sys.argv[1]}/{name}")
    run.log_artifact(artifact).wait()
    print(f"{run.entity}/{run.project}/source:latest")
"""


def test_a_model_artifact_of_the_server_is_a_source_too(trained, tmp_path, backend, monkeypatch):
    shown = subprocess.run(
        [sys.executable, "-c", LOG, trained / "model"],
        **{"env": backend.env, "cwd": tmp_path, "check": True, "capture_output": True, "text": True},
    )
    for name, value in backend.env.items():
        monkeypatch.setenv(name, value)

    model, card = load(shown.stdout.split()[-1])

    assert card["classes"] == ["slow", "fast"] and model.output.shape == (None, 2)
    with pytest.raises(BadInput, match="cannot be fetched"):
        load("local/transfer/nothing:latest")
