"""The output bias starts at the classes' prior under both links."""

import keras
import numpy as np
import pytest

from models import Spec, build_model
from models.head import prior_bias

PRIOR = (0.90, 0.02, 0.07, 0.01)


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


def test_softmax_of_the_bias_is_the_prior():
    assert softmax(np.array(prior_bias(PRIOR, "softmax"))) == pytest.approx(PRIOR)


def test_sigmoid_of_the_bias_is_the_prior():
    assert 1 / (1 + np.exp(-np.array(prior_bias(PRIOR, "sigmoid")))) == pytest.approx(PRIOR)


def test_a_class_that_is_absent_or_everywhere_has_a_finite_bias():
    # log(1e-4 / (1 - 1e-4)) = -9.2102
    assert prior_bias((0.0, 1.0), "sigmoid") == pytest.approx([-9.2102, 9.2102], abs=1e-4)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_an_untrained_model_predicts_the_prior_for_a_silent_input(link):
    spec = Spec(length=16, channels=1, covariates=0, classes=4, task="multiclass", prior=PRIOR)
    model = build_model({"n_blocks": 1, "filters": 2, "link": link}, spec)

    output = np.asarray(model({"signal": np.zeros((1, 16, 1), "float32")}))[0]

    expected = softmax(output) if link == "softmax" else 1 / (1 + np.exp(-output))
    assert expected == pytest.approx(PRIOR, abs=1e-6)


def test_a_saved_model_loads_with_keras_alone(tmp_path):
    spec = Spec(length=16, channels=1, covariates=2, classes=4, task="multiclass", prior=PRIOR)
    model = build_model({"n_blocks": 1, "filters": 2}, spec)
    inputs = {"signal": np.ones((3, 16, 1), "float32"), "covariates": np.ones((3, 2), "float32")}
    model.save(tmp_path / "model.keras")

    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)

    assert np.asarray(again(inputs)) == pytest.approx(np.asarray(model(inputs)), abs=1e-6)
