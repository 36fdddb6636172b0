"""What every model builder keeps, whoever wrote it."""

import keras
import numpy as np
import pytest

from models import Spec, build_model, hyperparameters
from models.registry import BUILDERS, register_builder

TASKS = ("multiclass", "multilabel")


def batch(spec, size=3):
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((size, spec.length, spec.channels)).astype("float32")
    covariates = rng.standard_normal((size, spec.covariates)).astype("float32")
    return {"signal": signal} | ({"covariates": covariates} if spec.covariates else {})


@pytest.mark.parametrize("name", list(BUILDERS))
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("covariates", [0, 7])
def test_defaults_build_float32_logits_of_the_right_shape(name, task, covariates):
    spec = Spec(
        length=96, channels=2, covariates=covariates, classes=4, task=task, prior=(0.9, 0.05, 0.04, 0.01)
    )

    output = build_model({"model": name}, spec)(batch(spec))

    assert output.shape == (3, 4)
    assert keras.backend.standardize_dtype(output.dtype) == "float32"


@pytest.mark.parametrize("name", list(BUILDERS))
def test_covariates_reach_the_logits(name):
    spec = Spec(length=96, channels=1, covariates=2, classes=4, task="multiclass")
    model = build_model({"model": name}, spec)
    inputs = batch(spec)

    moved = inputs | {"covariates": inputs["covariates"] + 1}

    assert not np.allclose(model(inputs), model(moved))


@pytest.mark.parametrize("name", list(BUILDERS))
def test_the_same_seed_builds_the_same_weights(name):
    spec = Spec(length=96, channels=1, covariates=2, classes=4, task="multiclass")

    def weights():
        keras.utils.set_random_seed(7)
        return build_model({"model": name}, spec).get_weights()

    assert all(np.array_equal(one, other) for one, other in zip(weights(), weights(), strict=True))


@pytest.mark.parametrize("name", list(BUILDERS))
def test_a_hyperparameter_has_a_default_within_its_bounds_and_a_meaning(name):
    for parameter in BUILDERS[name].hyperparameters:
        declaration = hyperparameters()[parameter]
        assert declaration["meaning"].endswith(".")
        assert name in declaration["active"]["model"]
        if "min" in declaration:
            assert declaration["min"] <= declaration["default"] <= declaration["max"]


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(ValueError, match="no model 'cmm'; there are cnn"):
        build_model({"model": "cmm"}, Spec(96, 1, 0, 4, "multiclass"))


def test_two_builders_may_share_a_hyperparameter_but_not_declare_it_differently():
    with pytest.raises(ValueError, match="declare dropout differently"):
        register_builder("other", lambda hp, spec: None, {"dropout": {"type": "float", "default": 0.9}})
    assert "other" not in BUILDERS
