"""Deferred re-weighting sets in at its epoch, in the compiled training step as well."""

import keras
import numpy as np
import pytest

from training.losses import ClassCounts, LossProgress, build_loss
from training.losses.class_balanced import balanced_weights
from training.losses.ldam_drw import margins

COUNTS = ClassCounts(np.array([900, 60, 30, 10]), np.array([100, 940, 970, 990]))
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(0, 1, (32, 4)).astype("float32")
TARGETS = np.eye(4, dtype="uint8")[RNG.integers(0, 4, 32)]


def epoch_losses(start, epochs):
    """What Keras reports for a network that cannot learn: its loss changes only when the loss does."""
    keras.utils.set_random_seed(0)
    hp = {"loss": "ldam_drw", "link": "softmax", "margin": 3.0, "drw_start": start, "beta": 0.999}
    loss = build_loss(hp, COUNTS)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.SGD(0.0), loss)
    history = model.fit(
        INPUTS, TARGETS, epochs=epochs, verbose=0, shuffle=False, callbacks=[LossProgress(loss)]
    )
    return history.history["loss"], loss, np.asarray(model(INPUTS))


def test_weights_set_in_after_their_share_of_the_epochs():
    values, _, logits = epoch_losses(start=0.6, epochs=5)

    assert values[0] == values[1] == values[2]  # 0, 0.2 and 0.4 of the epochs over
    assert values[3] == values[4] != values[2]
    margin = 3.0 * (np.array([900, 60, 30, 10]) / 10.0) ** -0.25
    z = logits - TARGETS * margin
    losses = np.log(np.exp(z).sum(axis=1)) - (z * TARGETS).sum(axis=1)
    weights, _ = balanced_weights(COUNTS, 0.999, "softmax")
    assert values[0] == pytest.approx(losses.mean(), rel=1e-5)
    assert values[4] == pytest.approx((losses * weights[TARGETS.argmax(axis=1)]).mean(), rel=1e-5)


def test_a_start_of_1_is_never():
    values, *_ = epoch_losses(start=1.0, epochs=3)

    assert len(set(values)) == 1


def test_a_start_of_0_is_from_the_first_epoch_on():
    values, loss, _ = epoch_losses(start=0.0, epochs=2)

    assert values[0] == values[1]
    assert float(loss.late) == 1


def test_margins_by_hand():
    # (900 / 10)^-1/4 = 0.3247; the rarest has the whole margin.
    loss = build_loss({"loss": "ldam_drw", "margin": 2.0}, COUNTS)

    assert loss.margins[0] == pytest.approx([0.6493, 1.2779, 1.5197, 2.0], abs=1e-4)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_a_class_that_is_not_there_takes_no_margin_from_the_others(link):
    more = ClassCounts(np.append(COUNTS.positives, 0), np.append(COUNTS.negatives, 1000))
    alone, beside = margins(COUNTS, 3.0, link), margins(more, 3.0, link)

    assert alone[0].max() == pytest.approx(3.0)
    assert beside[0] == pytest.approx([*alone[0], 0.0])
    assert beside[1][:4] == pytest.approx(alone[1])
