"""Whole records on which several classes may be true and some are unknown: written, trained on, evaluated."""

import json
import os

import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.layout import test_path as sealed_path
from data_utils.write import BeatRows, Description, writing
from training.card import read_card
from training.evaluation import evaluate_model
from training.thresholds import best_threshold
from training.train import main

CLASSES = ("fast", "slow", "late")
RATE, LENGTH = 50.0, 100
PATIENTS, RECORDS, SEALED = 16, 12, 4


def record(truth, rng):
    """(100, 2) mV: each class is a wave of its own in noise."""
    seconds = np.arange(LENGTH) / RATE
    waves = np.stack([np.sin(2 * np.pi * hertz * seconds) for hertz in (8, 2)] + [1.0 * (seconds > 1)])
    return (truth @ waves)[:, None] + 0.3 * rng.standard_normal((LENGTH, 2))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """192 records of 16 patients; the second class is unknown in a third of them, some know nothing."""
    path = tmp_path_factory.mktemp("records") / "records.h5"
    rng = np.random.default_rng(0)
    description = Description(
        *("multilabel", CLASSES, CLASSES, ("I", "II"), RATE, ("age",)),
        *("by hand", "none", False, True, {"filter": "none"}),
    )
    with writing(path, description) as writer:
        for number in range(PATIENTS * RECORDS):
            patient = number % PATIENTS
            truth = rng.random(3) < (0.4, 0.5, 0.2)
            target = truth.astype(np.uint8)[None]
            target[:, 1] = 255 if number % 3 == 0 else target[:, 1]
            target[:] = 255 if number % 50 == 0 else target
            split = "test" if patient < SEALED else "validation" if patient < 2 * SEALED else "train"
            # Without an anchor the window begins where the record does; one age is not known.
            age = np.nan if number == 100 else 40 + patient
            rows = BeatRows(np.array([-1]), target, np.array([[age]], np.float32))
            writer.add(f"r{number}", f"p{patient}", split, record(truth, rng), rows)
        writer.finish({f"p{patient}": patient % 3 for patient in range(SEALED, PATIENTS)})
    return path


@pytest.fixture
def trained(file, tmp_path, monkeypatch):
    """Trains without a backend; gives the folder of the model."""
    for name in [name for name in os.environ if name.startswith(("WANDB_", "RAREBEAT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.chdir(tmp_path)

    def train(*pairs):
        small = ["window=2.0", "n_blocks=2", "filters=4", "epochs=6", "batch_size=16", "learning_rate=0.02"]
        options = [part for pair in (*small, *pairs) for part in ("--set", pair)]
        assert main(["--data", str(file), "--out", "model", *options]) == 0
        return tmp_path / "model"

    return train


@pytest.mark.parametrize(
    "pairs",
    [
        ("loss=focal", "sampler=class_aware"),
        ("loss=weighted_ce", "sampler=oversample", "folds=2", "epochs=1"),
    ],
)
def test_it_trains_under_sigmoid_and_its_card_leads_through_the_sealed_side(file, trained, pairs):
    folder = trained(*pairs)
    card = read_card(folder)
    result = evaluate_model(folder, sealed_path(file), resamples=20)

    assert (card["task"], card["link"], set(card["thresholds"])) == ("multilabel", "sigmoid", set(CLASSES))
    assert card["temperature"] > 0
    assert {f"f1_tuned/{name}" for name in CLASSES} <= set(card["metrics"])
    json.dumps(result, allow_nan=False)
    target = open_dataset(sealed_path(file)).test().targets
    for k, name in enumerate(CLASSES):
        assert result["classes"][name]["support"] == (target[:, k] == 1).sum()
        known = target[:, k] != 255
        assert result["classes"][name]["prevalence"] == pytest.approx((target[known, k] == 1).mean())
        called = sum(one["classes"][name]["called"] for one in result["by_patient"])
        found = sum(one["classes"][name]["found"] for one in result["by_patient"])
        if called:
            assert result["classes"][name]["precision"]["value"] == pytest.approx(found / called)


def test_what_can_be_heard_is_learnt_beside_unknown_labels(trained):
    metrics = read_card(trained("loss=ce"))["metrics"]

    assert metrics["auroc/fast"] > 0.9
    assert metrics["auroc/late"] > 0.9


def test_predictions_keep_what_is_unknown_and_the_thresholds_are_those_of_the_known_rows(trained):
    folder = trained("epochs=1")
    card = read_card(folder)

    with np.load(folder / "predictions.npz") as predictions:
        target, logits = predictions["target"], predictions["logits"].astype(float)
    known = target[:, 1] != 255
    assert 0 < (~known).sum() < len(target)
    p = 1 / (1 + np.exp(-logits[known, 1] / card["temperature"]))
    assert card["thresholds"]["slow"] == pytest.approx(best_threshold(target[known, 1] == 1, p))


def test_softmax_is_refused_in_a_sentence(file, trained, capsys):
    assert main(["--data", str(file), "--set", "link=softmax"]) == 2
    assert "several classes of this data set can be true at once: use sigmoid" in capsys.readouterr().err
