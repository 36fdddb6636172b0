"""What every loss keeps under both links, whoever wrote it."""

import keras
import numpy as np
import pytest

from training.losses import ClassCounts, build_loss, hyperparameters
from training.losses.registry import LOSSES

COUNTS = ClassCounts(np.array([900, 60, 30, 10]), np.array([100, 940, 970, 990]))
EVERY = [(name, link) for name in LOSSES for link in ("softmax", "sigmoid")]


def one_hot(classes):
    return np.eye(4, dtype="uint8")[classes]


def random_batch(size=64):
    rng = np.random.default_rng(0)
    return one_hot(rng.integers(0, 4, size)), rng.normal(0, 3, (size, 4)).astype("float32")


def value_and_gradient(loss, targets, logits):
    """The gradient by the backend's own differentiation, through one layer whose weights are the logits."""
    import tensorflow as tf

    z = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = loss(targets, z)
    return float(value), np.asarray(tape.gradient(value, z))


@pytest.mark.parametrize(("name", "link"), EVERY)
def test_a_right_answer_costs_less_than_a_wrong_one(name, link):
    loss = build_loss({"loss": name, "link": link}, COUNTS)
    targets = one_hot([1])

    right = float(loss(targets, np.array([[-2, 2, -2, -2]], "float32")))
    wrong = float(loss(targets, np.array([[2, -2, -2, -2]], "float32")))

    assert 0 <= right < wrong


@pytest.mark.parametrize(("name", "link"), EVERY)
@pytest.mark.parametrize("scale", [50.0, 1000.0])
def test_value_and_gradient_are_finite_at_large_logits(name, link, scale):
    # Powers below 1 have an infinite slope at 0.
    hp = {"gamma": 0.5, "gamma_neg": 0.5, "gamma_pos": 0.5, "clip": 0.0}
    loss = build_loss({"loss": name, "link": link, **hp}, COUNTS)
    logits = np.array([[scale, -scale, 0, scale], [-scale, scale, scale, 0]], "float32")

    value, gradient = value_and_gradient(loss, one_hot([0, 0]), logits)

    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


# An overlap of probabilities is flat where all of them are 0 or 1, by its definition.
OF_ROWS = [(name, link) for name, link in EVERY if name not in ("tversky", "soft_f1")]


@pytest.mark.parametrize(("name", "link"), OF_ROWS)
def test_a_confident_mistake_still_has_a_gradient(name, link):
    loss = build_loss({"loss": name, "link": link}, COUNTS)

    _, gradient = value_and_gradient(loss, one_hot([1]), np.array([[50, -50, -50, -50]], "float32"))

    assert gradient[0, 1] < -0.01


@pytest.mark.parametrize(("name", "link"), EVERY)
def test_the_gradient_is_the_finite_difference(name, link):
    loss = build_loss({"loss": name, "link": link}, COUNTS)
    targets, logits = random_batch(4)
    _, gradient = value_and_gradient(loss, targets, logits)
    step = np.zeros_like(logits)
    step[2, 1] = 1e-2

    difference = (float(loss(targets, logits + step)) - float(loss(targets, logits - step))) / 2e-2

    assert gradient[2, 1] == pytest.approx(difference, abs=2e-4)


@pytest.mark.parametrize(("name", "link"), EVERY)
def test_an_unknown_row_changes_nothing(name, link):
    loss = build_loss({"loss": name, "link": link}, COUNTS)
    targets, logits = random_batch(5)
    without = float(loss(targets[:4], logits[:4]))
    targets[4] = 255

    assert float(loss(targets, logits)) == pytest.approx(without, rel=1e-6)


@pytest.mark.parametrize("name", list(LOSSES))
def test_under_sigmoid_one_unknown_class_leaves_the_others_of_its_row(name):
    loss = build_loss({"loss": name, "link": "sigmoid"}, COUNTS)
    targets = np.array([[1, 255, 0, 0]], "uint8")
    logits = np.array([[0.3, -9.0, 0.1, 2.0]], "float32")

    elsewhere = logits.copy()
    elsewhere[0, 1] = 7.0

    assert float(loss(targets, logits)) == pytest.approx(float(loss(targets, elsewhere)))
    assert float(loss(targets, logits)) > 0


@pytest.mark.parametrize(("name", "link"), EVERY)
def test_a_batch_of_unknown_rows_costs_nothing(name, link):
    loss = build_loss({"loss": name, "link": link}, COUNTS)

    assert float(loss(np.full((2, 4), 255, "uint8"), np.ones((2, 4), "float32"))) == 0


@pytest.mark.parametrize(("name", "link"), EVERY)
def test_training_with_it_lowers_it(name, link):
    keras.utils.set_random_seed(0)
    loss = build_loss({"loss": name, "link": link}, COUNTS)
    targets, inputs = random_batch(64)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    before = float(loss(targets, model(inputs)))

    model.fit(inputs, targets, epochs=3, verbose=0)

    assert float(loss(targets, model(inputs))) < before


def test_every_parameter_of_a_loss_is_active_for_the_losses_that_have_it():
    table = hyperparameters()

    assert table["gamma"]["active"] == {"loss": ["focal"]}
    assert table["alpha"]["active"] == {"loss": ["focal"], "link": ["sigmoid"]}
    assert table["weight_power"]["active"] == {"loss": ["weighted_ce"], "class_weights": ["power"]}
    assert table["beta"]["active"] == {"loss": ["class_balanced", "ldam_drw"]}
    assert set(table["label_smoothing"]["active"]["loss"]) == {
        *("ce", "weighted_ce", "class_balanced", "logit_adjusted", "balanced_softmax")
    }


@pytest.mark.parametrize("name", sorted(hyperparameters().keys() - {"loss", "link"}))
def test_every_parameter_says_what_it_is(name):
    declaration = hyperparameters()[name]

    assert declaration["meaning"].endswith(".")
    assert declaration["active"]["loss"]
    if declaration["type"] == "float":
        assert declaration["min"] <= declaration["default"] <= declaration["max"]


def test_an_unknown_loss_is_refused_by_name():
    with pytest.raises(ValueError, match="no loss 'focall'; there are ce, focal"):
        build_loss({"loss": "focall"}, COUNTS)
