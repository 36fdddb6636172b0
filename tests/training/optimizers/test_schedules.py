"""The learning rate by hand."""

import keras
import pytest

from training.hyperparameters import inactive, resolve
from training.optimizers.schedules import cosine, learning_rate


def rate(plan, step):
    return float(plan(step))


def plan(kind, **values):
    """Ten epochs of ten steps, two of them warm-up, to a peak of 0.1."""
    hp = {"schedule": kind, "learning_rate": 0.1, "epochs": 10, "warmup_epochs": 2.0, **values}
    return learning_rate(resolve(hp), 10)


def test_the_rate_grows_linearly_then_falls_by_a_cosine():
    falling = cosine(0.1, steps=120, warmup=20)

    assert rate(falling, 0) == 0
    assert rate(falling, 10) == pytest.approx(0.05)
    assert rate(falling, 20) == pytest.approx(0.1)
    assert rate(falling, 70) == pytest.approx(0.05)  # half of the cosine
    assert rate(falling, 120) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("kind", ["cosine", "linear", "constant"])
def test_without_warmup_it_begins_at_the_peak(kind):
    assert rate(plan(kind, warmup_epochs=0.0), 0) == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["cosine", "linear"])
def test_a_warmup_longer_than_half_of_the_run_is_cut_to_half(kind):
    cut = plan(kind, warmup_epochs=50.0)

    assert rate(cut, 50) == pytest.approx(0.1)
    assert rate(cut, 100) == pytest.approx(0, abs=1e-7)


def test_the_line_warms_up_and_cools_down():
    line = plan("linear")

    assert [rate(line, step) for step in (0, 10, 20, 60, 100, 110)] == pytest.approx(
        [0, 0.05, 0.1, 0.05, 0, 0]
    )


def test_constant_stays_at_the_peak_after_the_warmup():
    constant = plan("constant")

    assert [rate(constant, step) for step in (0, 5, 20, 60, 100)] == pytest.approx([0, 0.025, 0.1, 0.1, 0.1])


def test_plateau_begins_at_the_peak_and_has_no_warmup():
    assert plan("plateau") == 0.1
    assert "warmup_epochs" in inactive(resolve({"schedule": "plateau"}))
    assert {"plateau_factor", "plateau_patience"} <= set(inactive(resolve({})))


@pytest.mark.parametrize("kind", ["linear", "constant"])
def test_a_schedule_can_be_saved_with_its_optimizer(kind):
    optimizer = keras.optimizers.SGD(plan(kind))

    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))

    assert float(again.learning_rate) == float(optimizer.learning_rate) == 0
    assert rate(again._learning_rate, 60) == rate(plan(kind), 60)
