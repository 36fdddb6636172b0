"""What a model sees: whole rows in training and prediction, and a card that repeats every preparation."""

import keras
import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation, fit_preparation
from data_utils.samplers import build_sampler
from data_utils.samplers.drawn import Drawn
from data_utils.write import BeatRows, Description, writing
from training.batches import TrainingBatches, predict
from training.card import read_card, write_card
from training.ensemble import average
from training.fit import fit_member
from training.hyperparameters import resolve
from training.outcome import conclude
from training.predictions import pool
from training.result import describe_model


@pytest.fixture(scope="module")
def strips(tmp_path_factory):
    """120 recordings of 1 to 6 s at 100 Hz; class B has a wave of 5 Hz."""
    path = tmp_path_factory.mktemp("strips") / "strips.h5"
    rng = np.random.default_rng(0)
    description = Description(
        task="multilabel",
        classes=("A", "B"),
        class_names=("A", "B"),
        leads=("I", "II"),
        rate=100.0,
        covariates=(),
        source="by hand",
        licence="none",
        simulated=True,
        groups_known=True,
        preparation={},
    )
    with writing(path, description) as writer:
        for i in range(120):
            length = int(rng.integers(100, 600))
            target = rng.integers(0, 2, (1, 2)).astype(np.uint8)
            signal = 0.3 * rng.standard_normal((length, 2))
            signal[:, 1] += target[0, 1] * np.sin(2 * np.pi * 5 * np.arange(length) / 100)
            row = BeatRows(np.array([-1]), target, np.zeros((1, 0), np.float32))
            writer.add(f"r{i}", f"p{i}", "train" if i % 3 else "validation", signal, row)
        writer.finish({f"p{i}": i % 3 for i in range(120)})
    return open_dataset(path)


def whole_rows(dataset, **asked):
    train, _ = dataset.sides()
    return Examples(train, fit_preparation(train, 0.0, **asked))


def training_batches(examples, steps=0, seed=(0, 0)):
    return TrainingBatches(examples, build_sampler({}, examples.side, steps, 16), seed)


def adder():
    """A network whose logit is the mean of the first lead: it tells rows apart and takes any length."""
    inputs = {
        "signal": keras.Input((None, 2), name="signal"),
        "mask": keras.Input((None,), name="mask"),
    }
    first = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=keras.initializers.Constant([[1.0], [0.0]])
    )
    total = keras.layers.GlobalAveragePooling1D()(first(inputs["signal"]), mask=inputs["mask"])
    return keras.Model(inputs, total)


def test_every_row_is_in_a_pass_once_in_batches_of_like_length(strips):
    examples = whole_rows(strips)
    batches = training_batches(examples)

    assert len(batches) == 5
    assert np.array_equal(np.sort(batches.drawn.rows), np.arange(80))
    shares = [batches[step][0]["mask"].mean() for step in range(5)]
    # Without sorting a batch is 58 % real: lengths are 1 to 6 s alike, and the longest of 16 has about 5.7 s.
    assert np.mean(shares) > 0.8


def test_epochs_of_whole_rows_differ_and_repeat_with_the_seed(strips):
    batches, again = (training_batches(whole_rows(strips, crop=2.0)) for _ in range(2))
    before = batches[0][0]["signal"]
    assert np.array_equal(before, again[0][0]["signal"])
    for each in (batches, again):
        each.on_epoch_end()

    assert np.array_equal(batches[0][0]["signal"], again[0][0]["signal"])
    assert not np.array_equal(before, batches[0][0]["signal"])
    assert all(batches[step][0]["mask"].sum(axis=1).max() <= 200 for step in range(5))


def test_keras_never_sees_a_length_that_it_took_for_fixed(strips):
    for steps in (1, 2, 5):
        batches = training_batches(whole_rows(strips), steps)
        lengths = []
        for _ in range(6):
            lengths.append([batches[step][0]["signal"].shape[1] for step in range(steps)])
            batches.on_epoch_end()
        first = lengths[0]
        assert (steps > 1 and first[0] != first[1]) or len(np.unique(lengths)) == 1


def test_rows_that_are_mixed_need_one_length(strips):
    class Mixing:
        pass_length = 16

        def draw(self, size, rng, progress):
            rows = np.zeros(size, np.int64)
            return Drawn(rows, rows, np.ones(size, np.float32))

    batches = training_batches(whole_rows(strips))
    batches.sampler.sampler = Mixing()
    with pytest.raises(BadInput, match="mixes rows"):
        batches.on_epoch_end()


def test_predictions_of_whole_rows_are_in_the_sides_order(strips, monkeypatch):
    monkeypatch.setattr("training.batches.SAMPLES_AT_ONCE", 3000)
    examples = whole_rows(strips)
    signals = [examples.batch([i]) for i in range(len(examples))]
    expected = [batch["signal"][0, batch["mask"][0] == 1, 0].mean() for batch in signals]

    assert examples.lengths.sum() > 5 * 3000
    assert predict(adder(), examples)[:, 0] == pytest.approx(expected, abs=1e-5)


def reloaded_logits(hp, dataset, folder):
    """What a run says of its validation side, and what its saved model and card say of it."""
    member = fit_member(hp, dataset, list(dataset.classes[:2]), lambda row: None)
    predictions = pool(dataset, [member])
    outcome = conclude(predictions, [member], list(dataset.classes[:2]), hp["link"], dataset.task)
    model, preparation = average([member])
    model.save(folder / "model.keras")
    card = describe_model(hp, dataset, preparation, outcome, list(dataset.classes[:2]))
    write_card(folder, {**card, "run": {"path": "local/x", "server": "none"}})
    reread = Preparation.from_json(read_card(folder)["preparation"])
    loaded = keras.models.load_model(folder / "model.keras", compile=False)
    return member.logits, predict(loaded, Examples(member.validation, reread)), card


def test_the_card_repeats_whole_rows_at_a_lower_rate(strips, tmp_path):
    asked = {"window": 0.0, "crop": 2.0, "resample_to": 50.0, "leads": "II", "scaling": "record"}
    small = {"n_blocks": 2, "filters": 4, "dense_units": 8, "epochs": 2, "batch_size": 16}
    logits, again, card = reloaded_logits(resolve({**small, **asked}, strips.task), strips, tmp_path)

    assert again == pytest.approx(logits, abs=1e-5)
    assert card["leads"] == ["II"] and card["rate"] == 100.0


def test_the_card_repeats_residual_and_features(dataset, tiny, tmp_path):
    hp = tiny(residual=True, features="morphology", scaling="window", resample_to=120.0)
    logits, again, card = reloaded_logits(hp, dataset, tmp_path)

    assert again == pytest.approx(logits, abs=1e-5)
    assert len(card["covariates"]) == 7 + 36
