"""The learning rate by hand, and what weight decay leaves alone."""

import keras
import numpy as np
import pytest

from training.hyperparameters import resolve
from training.optimizer import build_optimizer, schedule


def rate(plan, step):
    return float(plan(step))


def test_the_rate_grows_linearly_then_falls_by_a_cosine():
    plan = schedule(0.1, steps=120, warmup=20)

    assert rate(plan, 0) == 0
    assert rate(plan, 10) == pytest.approx(0.05)
    assert rate(plan, 20) == pytest.approx(0.1)
    assert rate(plan, 70) == pytest.approx(0.05)  # half of the cosine
    assert rate(plan, 120) == pytest.approx(0, abs=1e-7)


def test_without_warmup_it_begins_at_the_peak():
    assert rate(schedule(0.1, steps=10, warmup=0), 0) == pytest.approx(0.1)


def test_a_warmup_longer_than_half_of_the_run_is_cut_to_half():
    plan = schedule(0.1, steps=10, warmup=50)

    assert rate(plan, 5) == pytest.approx(0.1)
    assert rate(plan, 10) == pytest.approx(0, abs=1e-7)


def test_weight_decay_shrinks_kernels_and_leaves_biases():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, bias_initializer="ones")])
    optimizer = build_optimizer(resolve({"weight_decay": 0.5, "warmup_epochs": 0.0, "epochs": 1}), 10)
    optimizer.build(model.trainable_variables)
    kernel = np.asarray(model.layers[0].kernel)

    optimizer.apply([np.zeros((2, 3), "float32"), np.zeros(3, "float32")], model.trainable_variables)

    shrunk = 1 - 0.5 * float(resolve({})["learning_rate"])
    assert np.asarray(model.layers[0].kernel) == pytest.approx(kernel * shrunk)
    assert np.asarray(model.layers[0].bias) == pytest.approx(np.ones(3))
