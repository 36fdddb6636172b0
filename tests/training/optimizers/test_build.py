"""Every optimiser by its name: what it takes, what it leaves alone, and that it learns."""

import keras
import numpy as np
import pytest

from training.hyperparameters import inactive, resolve
from training.optimizers import build_optimizer
from training.optimizers.build import OPTIMIZERS, UNDECAYED

STILL = {"warmup_epochs": 0.0, "schedule": "constant", "epochs": 1}


def dense():
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, bias_initializer="ones")])


def after_a_step(hp, gradients):
    """Kernel and bias before, kernel and bias after."""
    model = dense()
    before = [np.array(weight) for weight in model.trainable_variables]
    optimizer = build_optimizer(resolve({**STILL, **hp}), 10)
    optimizer.build(model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    return before, [np.array(weight) for weight in model.trainable_variables]


NOTHING = [np.zeros((2, 3), "float32"), np.zeros(3, "float32")]


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - UNDECAYED))
def test_weight_decay_shrinks_kernels_by_the_rate_and_leaves_biases(name):
    before, after = after_a_step({"optimizer": name, "weight_decay": 0.5, "learning_rate": 0.01}, NOTHING)

    assert after[0] == pytest.approx(before[0] * (1 - 0.5 * 0.01), rel=1e-5)
    assert after[1] == pytest.approx(np.ones(3))


def test_adam_has_no_weight_decay_and_says_so():
    before, after = after_a_step({"optimizer": "adam", "weight_decay": 0.5}, NOTHING)

    assert (after[0] == before[0]).all()
    assert "weight_decay" in inactive(resolve({"optimizer": "adam"}))


def test_clipping_shortens_the_whole_gradient():
    # Length of (3, 4) is 5; a limit of 0.5 leaves a tenth. Plain SGD moves by the rate times that.
    gradients = [np.zeros((2, 3), "float32"), np.array([3, 4, 0], "float32")]
    hp = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "learning_rate": 1.0, "clip_norm": 0.5}

    _, after = after_a_step(hp, gradients)

    assert after[1] == pytest.approx([1 - 0.3, 1 - 0.4, 1], abs=1e-6)


def test_the_default_is_adamw_as_keras_has_it():
    model, peer = dense(), dense()
    ours = build_optimizer(resolve({}), 10)
    theirs = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(0.0, 115, warmup_target=2e-3, warmup_steps=5),
        weight_decay=1e-4,
    )
    theirs.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    rng = np.random.default_rng(0)
    for _ in range(6):
        gradients = [rng.normal(0, 1, (2, 3)).astype("float32"), rng.normal(0, 1, 3).astype("float32")]
        ours.apply(gradients, model.trainable_variables)
        theirs.apply(gradients, peer.trainable_variables)

    for one, other in zip(model.trainable_variables, peer.trainable_variables, strict=True):
        assert (np.asarray(one) == np.asarray(other)).all()


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimizer_finds_the_bottom_of_a_bowl(name):
    weight = keras.Variable(np.full((3, 2), 4.0, "float32"), name="kernel")
    rate = {"sgd": 0.02}.get(name, 0.2)
    hp = {"optimizer": name, "learning_rate": rate, "weight_decay": 0.0, "epochs": 10}
    optimizer = build_optimizer(resolve(hp), 8)

    for _ in range(80):
        optimizer.apply([2 * np.asarray(weight)], [weight])

    assert np.abs(np.asarray(weight)).max() < 1.0


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_all_of_its_state_is_in_its_variables(name):
    rng = np.random.default_rng(0)
    gradients = [rng.normal(0, 1, (3, 2)).astype("float32") for _ in range(8)]
    start = rng.normal(0, 1, (3, 2)).astype("float32")

    def steps(optimizer, weight, some):
        for gradient in some:
            optimizer.apply([gradient], [weight])

    hp = resolve({"optimizer": name, "epochs": 1, "ema": 0.9})
    straight, weight = build_optimizer(hp, 8), keras.Variable(start, name="kernel")
    steps(straight, weight, gradients)

    first, other = build_optimizer(hp, 8), keras.Variable(start, name="kernel")
    steps(first, other, gradients[:4])
    resumed = build_optimizer(hp, 8)
    resumed.build([other])
    for variable, value in zip(resumed.variables, first.variables, strict=True):
        variable.assign(np.asarray(value))
    steps(resumed, other, gradients[4:])

    assert (np.asarray(other) == np.asarray(weight)).all()
    for one, same in zip(resumed.variables, straight.variables, strict=True):
        assert (np.asarray(one) == np.asarray(same)).all()
