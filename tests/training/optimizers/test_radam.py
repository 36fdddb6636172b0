"""RAdam against its paper, written out in float64, and the form that PyTorch documents."""

import keras
import numpy as np
import pytest

from training.optimizers.radam import RectifiedAdam

RNG = np.random.default_rng(0)
START = RNG.normal(0, 1, 5)
GRADIENTS = RNG.normal(0.3, 1, (100, 5))


def paper(start, gradients, rate, b1=0.9, b2=0.999, epsilon=1e-7):
    """Algorithm 2 of Liu et al. 2020, with the threshold of 5 of its authors' code and of PyTorch's."""
    weight, mean, square, most = start.copy(), 0.0, 0.0, 2 / (1 - b2) - 1
    for t, gradient in enumerate(gradients, start=1):
        mean = b1 * mean + (1 - b1) * gradient
        square = b2 * square + (1 - b2) * gradient**2
        unbiased = mean / (1 - b1**t)
        known = most - 2 * t * b2**t / (1 - b2**t)
        if known > 5:
            rectified = np.sqrt((known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known))
            adaptive = np.sqrt(1 - b2**t) / (np.sqrt(square) + epsilon)
            weight = weight - rate * unbiased * rectified * adaptive
        else:
            weight = weight - rate * unbiased
    return weight


def ours(gradients, rate=0.01, **kwargs):
    weight = keras.Variable(START.astype("float32"))
    optimizer = RectifiedAdam(rate, **kwargs)
    for gradient in gradients:
        optimizer.apply([gradient.astype("float32")], [weight])
    return np.asarray(weight)


@pytest.mark.parametrize("steps", [1, 5, 6, 100])
def test_the_weights_are_those_of_the_paper(steps):
    expected = paper(START, GRADIENTS[:steps], 0.01)

    assert ours(GRADIENTS[:steps]) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("b2", [0.9, 0.9999])
def test_other_decays_too(b2):
    expected = paper(START, GRADIENTS[:20], 0.01, b2=b2)

    assert ours(GRADIENTS[:20], beta_2=b2) == pytest.approx(expected, abs=2e-5)


def test_five_steps_of_momentum_by_hand():
    # Of one constant gradient the unbiased mean is that gradient: each of the first 5 steps moves by rate
    # times it (rho_5 is 4.996), and step 6 (rho 5.994) is adaptive.
    constant = np.full((6, 5), 2.0)

    assert ours(constant[:5]) == pytest.approx(START - 5 * 0.01 * 2.0, abs=1e-6)
    sixth = ours(constant[:5]) - ours(constant)
    # r_6 = sqrt(1.994 * 3.994 * 1999 / (1995 * 1997 * 5.994)) = 0.0258; the adaptive step of a constant is 1.
    assert sixth == pytest.approx(np.full(5, 0.01 * 0.0258), abs=2e-6)


def test_it_is_adam_when_much_is_known():
    # With b2 0.9 the memory is short: after 60 steps rho is 18.8 of 19, and r 0.993.
    steps = 60
    adam, weight = keras.optimizers.Adam(0.01, beta_2=0.9), keras.Variable(START.astype("float32"))
    for gradient in GRADIENTS[:steps]:
        adam.apply([gradient.astype("float32")], [weight])
    late = ours(GRADIENTS[: steps + 1], beta_2=0.9) - ours(GRADIENTS[:steps], beta_2=0.9)
    before = np.asarray(weight).copy()
    adam.apply([GRADIENTS[steps].astype("float32")], [weight])

    assert late == pytest.approx(np.asarray(weight) - before, rel=1e-2)


def test_it_can_be_saved_and_read():
    again = keras.optimizers.deserialize(keras.optimizers.serialize(RectifiedAdam(0.3, beta_2=0.99)))

    assert isinstance(again, RectifiedAdam)
    assert (again.beta_2, float(again.learning_rate)) == (0.99, pytest.approx(0.3))
