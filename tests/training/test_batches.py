"""Batches for Keras: whole epochs by the sampler, and a side in its own order."""

import keras
import numpy as np
import pytest

from data_utils.augment import build_augmenter
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.samplers import build_sampler
from training.batches import TrainingBatches, predict


@pytest.fixture
def examples(dataset):
    train, _ = dataset.sides()
    return Examples(train, fit_preparation(train, 0.4))


def training_batches(examples, seed=(0, 0), **hp):
    return TrainingBatches(examples, build_sampler(hp, examples.side, 0, 64), seed)


def test_one_pass_without_resampling_sees_every_row(examples):
    batches = training_batches(examples)

    assert len(batches) == -(-len(examples) // 64)
    assert set(batches.drawn.rows.tolist()) == set(range(len(examples)))


def test_epochs_differ_and_repeat_with_the_seed(examples):
    batches, again = training_batches(examples), training_batches(examples)
    first = batches.drawn.rows
    batches.on_epoch_end()
    again.on_epoch_end()

    assert not np.array_equal(first, batches.drawn.rows)
    assert np.array_equal(batches.drawn.rows, again.drawn.rows)
    assert not np.array_equal(first, training_batches(examples, seed=(1, 0)).drawn.rows)


def test_a_batch_is_the_examples_at_its_positions(examples):
    batches = training_batches(examples)
    inputs, targets = batches[1]

    here = batches.drawn.rows[64:128]
    assert np.array_equal(inputs["signal"], examples.batch(here)["signal"])
    assert np.array_equal(targets, examples.targets(here))


def test_the_prior_is_that_of_the_stream(examples):
    assert training_batches(examples).prior() == pytest.approx(
        (examples.side.targets == 1).mean(axis=0), abs=0.02
    )
    classes = (examples.side.targets == 1).any(axis=0)
    balanced = np.array(training_batches(examples, sampler="class_aware").prior())
    assert balanced == pytest.approx(classes / classes.sum(), abs=0.06)


def test_a_short_epoch_hides_no_class_from_the_prior(examples):
    # One batch of eight rows holds no more than eight of the side's beats, and the rarest class in none.
    short = TrainingBatches(examples, build_sampler({}, examples.side, 1, 8), (0, 0))
    drawn = short.drawn.rows.copy()

    assert short.prior() == pytest.approx((examples.side.targets == 1).mean(axis=0))
    assert np.array_equal(short.drawn.rows, drawn) and len(drawn) == 8


def test_predictions_are_in_the_sides_order(examples, monkeypatch):
    monkeypatch.setattr("training.batches.ROWS_AT_ONCE", 100)
    every = examples.batch(np.arange(len(examples)))
    inputs = {name: keras.Input(part.shape[1:], name=name) for name, part in every.items()}
    model = keras.Model(inputs, keras.layers.Flatten()(inputs["signal"]))

    assert len(examples) > 200
    assert np.array_equal(predict(model, examples), every["signal"][..., 0])


def test_augmented_batches_depend_on_seed_epoch_and_step_and_not_on_the_order_of_fetching(examples):
    def batches(seed=(0, 0)):
        augment = build_augmenter({"augment_snr": 10.0, "augment_shift": 0.05}, examples.side.dataset.rate, 1)
        return TrainingBatches(examples, build_sampler({}, examples.side, 0, 64), seed, 2, augment)

    first, again = batches(), batches()
    one, two = first[1][0]["signal"], first[2][0]["signal"]

    assert np.array_equal(two, again[2][0]["signal"])
    assert np.array_equal(one, again[1][0]["signal"])
    assert not np.array_equal(one, batches((1, 0))[1][0]["signal"])
    assert not np.array_equal(one, examples.batch(first.drawn.rows[64:128])["signal"])
    assert np.array_equal(first[1][1], examples.targets(first.drawn.rows[64:128]))


def test_progress_goes_from_the_first_epoch_to_the_last(examples):
    sampler = build_sampler({"sampler": "progressive"}, examples.side, 40, 64)
    batches = TrainingBatches(examples, sampler, (0, 0), epochs=3)
    majority = []
    for _ in range(3):
        majority.append(batches.prior()[0])
        batches.on_epoch_end()

    share, classes = (examples.side.targets == 1).mean(axis=0), (examples.side.targets == 1).any(axis=0).sum()
    # All as in the data, half-way, every class alike.
    expected = [share[0], (share[0] + 1 / classes) / 2, 1 / classes]
    assert majority == pytest.approx(expected, abs=0.04)
