"""What every model builder keeps, whoever wrote it."""

import functools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Spec, build_model, hyperparameters
from models.registry import BUILDERS, register_builder

NAMES = list(BUILDERS)
FREE_LENGTH = [name for name in NAMES if name != "mlp"]
# Built of parts that other networks test, and slow to build: their repetitions are left to the slow tests.
MANY_PARTS = ("crnn", "resnet1d", "se_resnet", "xresnet1d")
QUICK_FIRST = [
    pytest.param(name, marks=pytest.mark.slow) if name in MANY_PARTS else name for name in FREE_LENGTH
]

# A builder sees what it has declared and no more, so that one set of small values serves all of them.
SMALL = {
    **{"dropout": 0.0, "dropout_rate": 0.0, "dense_units": 8, "covariate_layers": 1, "covariate_units": 16},
    **{"n_blocks": 2, "filters": 4, "kernel_size": 5, "se_ratio": 2, "attention_units": 4},
    **{"stem_filters": 4, "rnn_units": 4, "bidirectional": True},
    **{"depth": 10, "width": 4, "long_kernel_size": 5, "stages": 2},
}
# Hypothesis takes every bound of a declaration, but no network larger than these.
LARGEST = {"filters": 6, "width": 6, "kernel_size": 9, "long_kernel_size": 9, "dense_units": 9}
LARGEST |= {"stem_filters": 6, "stem_blocks": 4, "rnn_units": 5, "rnn_layers": 2, "stages": 3}
LARGEST |= {"attention_units": 9, "covariate_units": 40, "identity_blocks": 2, "block_convolutions": 2}
LENGTH = 97


def spec(length=LENGTH, covariates=2, task="multiclass", classes=4):
    return Spec(length=length, channels=2, covariates=covariates, classes=classes, task=task)


def batch(of, size=3, length=LENGTH):
    rng = np.random.default_rng(0)
    inputs = {"signal": rng.standard_normal((size, length, of.channels)).astype("float32")}
    if of.covariates:
        inputs["covariates"] = rng.standard_normal((size, of.covariates)).astype("float32")
    if of.length is None:
        inputs["mask"] = np.ones((size, length), "float32")
    return inputs


def trained_looking(model):
    """Move all weights off their initial values, so that no bias is 0 and no normalisation the identity."""
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(keras.ops.convert_to_numpy(weight) + 0.1 * rng.random(weight.shape, np.float32))
    return model


def small(name, of, **values):
    keras.utils.set_random_seed(3)
    return build_model({"model": name, **SMALL, **values}, of)


@functools.cache
def free_length_model(name):
    return trained_looking(small(name, spec(length=None)))


@functools.cache
def fixed_length_model(name):
    return small(name, spec())


def numbers(model, inputs):
    return keras.ops.convert_to_numpy(model(inputs, training=False))


@pytest.mark.parametrize("name", NAMES)
def test_defaults_build_float32_logits_of_the_right_shape(name):
    model = build_model({"model": name}, spec(length=288, covariates=7))

    assert model.output.shape == (None, 4)
    assert keras.backend.standardize_dtype(model.output.dtype) == "float32"


@pytest.mark.parametrize("name", NAMES)
def test_a_multilabel_task_of_one_class_without_covariates_has_one_logit(name):
    of = spec(task="multilabel", covariates=0, classes=1)

    assert small(name, of).output.shape == (None, 1)


def points(name):
    """Valid values of all that a builder declares, with lists that belong together."""
    declared = BUILDERS[name].hyperparameters
    drawn = {parameter: values(parameter, one) for parameter, one in declared.items() if one["type"] != "str"}
    stages = st.shared(st.integers(1, 3), key="blocks")
    for parameter in ("block_filters", "block_kernels", "dense_sizes", "rnn_sizes"):
        if parameter in declared:
            drawn[parameter] = stages.flatmap(
                lambda n: st.lists(st.integers(1, 7), min_size=n, max_size=n).map(
                    lambda few: ",".join(map(str, few))
                )
            )
    return st.fixed_dictionaries(drawn)


def values(parameter, declaration):
    if declaration["type"] == "choice":
        # Fifty layers and more are built by the slow test.
        return st.sampled_from([one for one in declaration["choices"] if one not in (34, 50, 101)])
    if declaration["type"] == "bool":
        return st.booleans()
    most = min(declaration["max"], LARGEST.get(parameter, declaration["max"]))
    return (st.integers if declaration["type"] == "int" else st.floats)(declaration["min"], most)


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(data=st.data())
def test_any_valid_point_builds(name, data):
    hp = data.draw(points(name))

    # 625 samples are more than any depth within these bounds shortens to nothing.
    model = build_model({"model": name, **hp}, spec(length=625))

    assert model.output.shape == (None, 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet1d", "xresnet1d"])
@pytest.mark.parametrize("depth", [18, 34, 50, 101])
def test_every_depth_builds_and_predicts(name, depth):
    of = spec(length=None)

    assert np.isfinite(numbers(small(name, of, depth=depth), batch(of))).all()


@pytest.mark.parametrize("name", NAMES)
def test_one_step_lowers_the_loss_and_gradients_reach_every_weight(name):
    of = spec(covariates=3)
    model = small(name, of)
    # SGD moves a weight exactly where its gradient is not 0.
    model.compile(keras.optimizers.SGD(0.01), keras.losses.CategoricalCrossentropy(from_logits=True))
    inputs, targets = batch(of, 16), np.eye(4, dtype="float32")[np.arange(16) % 4]
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]

    losses = [float(model.train_on_batch(inputs, targets)) for _ in range(3)]

    assert losses[1] < losses[0]
    still = [
        weight.path
        for weight, old in zip(model.trainable_weights, before, strict=True)
        if np.array_equal(keras.ops.convert_to_numpy(weight), old)
    ]
    assert not still


@pytest.mark.parametrize("name", NAMES)
def test_covariates_reach_the_logits_through_a_branch(name):
    model, inputs = fixed_length_model(name), batch(spec())

    moved = inputs | {"covariates": inputs["covariates"] + 1}

    assert not np.allclose(numbers(model, inputs), numbers(model, moved))


def test_covariates_reach_the_logits_without_a_branch():
    model, inputs = small("cnn", spec(), covariate_layers=0), batch(spec())

    moved = inputs | {"covariates": inputs["covariates"] + 1}

    assert not np.allclose(numbers(model, inputs), numbers(model, moved))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_builds_the_same_weights(name):
    one, other = fixed_length_model(name).get_weights(), small(name, spec()).get_weights()

    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_one_gives_what_the_row_gives_among_others(name):
    model, inputs = fixed_length_model(name), batch(spec())

    alone = numbers(model, {key: value[1:2] for key, value in inputs.items()})

    assert alone[0] == pytest.approx(numbers(model, inputs)[1], abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("name", FREE_LENGTH)
@pytest.mark.parametrize("length", [1, 41])
def test_padding_does_not_change_the_logits_of_a_recording(name, length):
    model = free_length_model(name)
    inputs = batch(spec(length=None))
    alone = {key: value[1:2, :length] for key, value in inputs.items()}
    alone["covariates"] = inputs["covariates"][1:2]
    inputs["mask"][1, length:] = 0
    # What lies in the padding must not matter.
    inputs["signal"][1, length:] = 7.0

    assert numbers(model, alone)[0] == pytest.approx(numbers(model, inputs)[1], abs=1e-4, rel=1e-4)


@pytest.mark.parametrize("name", QUICK_FIRST)
def test_without_padding_a_free_length_gives_the_logits_of_the_fixed_one(name):
    # 128 samples halve without a rest, which a fixed length would leave out.
    free, fixed = free_length_model(name), small(name, spec(length=128))
    fixed.set_weights(free.get_weights())

    expected = numbers(free, batch(spec(length=None), length=128))
    assert numbers(fixed, batch(spec(length=128), length=128)) == pytest.approx(expected, abs=1e-4, rel=1e-4)


@pytest.mark.parametrize("name", FREE_LENGTH)
def test_training_statistics_leave_padding_out(name):
    """A batch padded to twice its length moves the statistics of normalisation as the batch itself does."""
    of = spec(length=None)
    inputs = batch(of, length=64)
    padded = {key: np.pad(value, ((0, 0), (0, 64), (0, 0))[: value.ndim]) for key, value in inputs.items()}
    padded["covariates"] = inputs["covariates"]
    padded["signal"][:, 64:] = 7.0

    model, moved = free_length_model(name), []
    before = model.get_weights()
    for one in (inputs, padded):
        model(one, training=True)
        moved.append([keras.ops.convert_to_numpy(weight) for weight in model.non_trainable_weights])
        model.set_weights(before)

    for one, other in zip(*moved, strict=True):
        assert other == pytest.approx(one, abs=1e-5, rel=1e-4)


def test_what_needs_one_length_refuses_a_free_one_in_a_sentence():
    with pytest.raises(ValueError, match="mlp needs windows of one length"):
        build_model({"model": "mlp"}, spec(length=None))
    with pytest.raises(ValueError, match="pooling is flatten, which needs one length"):
        small("cnn", spec(length=None), pooling="flatten")


@pytest.mark.parametrize("name", ["mlp", *QUICK_FIRST])
@pytest.mark.parametrize(
    "precision", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.slow)]
)
def test_half_precision_leaves_the_logits_in_float32_and_finite(name, precision):
    keras.config.set_dtype_policy(precision)
    try:
        of = spec(length=LENGTH if name == "mlp" else None)
        model = small(name, of)
        inputs = batch(of)
        if "mask" in inputs:
            inputs["mask"][1, 50:] = 0
        output = model(inputs)
    finally:
        keras.config.set_dtype_policy("float32")

    assert keras.backend.standardize_dtype(output.dtype) == "float32"
    assert np.isfinite(keras.ops.convert_to_numpy(output)).all()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Each model with its inputs and logits: of free length where that is promised."""
    folder = tmp_path_factory.mktemp("saved")
    for name in NAMES:
        if name == "mlp":
            model, inputs = fixed_length_model(name), batch(spec())
        else:
            model, inputs = free_length_model(name), batch(spec(length=None))
            inputs["mask"][1, 60:] = 0
        model.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.npz", logits=numbers(model, inputs), **inputs)
    return folder


def differences(folder, names, call=lambda model: lambda inputs: model(inputs, training=False)):
    """Return by how much the loaded models miss the logits that are saved beside them, relative to them."""
    found = {}
    for path in (folder / f"{name}.keras" for name in names):
        model = keras.models.load_model(path, safe_mode=True)
        arrays = dict(np.load(path.with_suffix(".npz")))
        logits = arrays.pop("logits")
        again = keras.ops.convert_to_numpy(call(model)(arrays))
        found[path.stem] = float(np.max(np.abs(again - logits) / (1 + np.abs(logits))))
    return found


def test_saving_and_loading_gives_the_same_numbers(saved):
    found = differences(saved, NAMES)

    assert max(found.values()) < 1e-6, found


JAX = """
import importlib.util, pathlib, sys
import jax, keras
assert keras.backend.backend() == "jax"
spec = importlib.util.spec_from_file_location("contract", sys.argv[1])
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)
# Operation by operation, JAX would compile each on its own.
compiled = lambda model: jax.jit(lambda inputs: model(inputs, training=False))
found = contract.differences(pathlib.Path(sys.argv[2]), sys.argv[3:], compiled)
assert max(found.values()) < 1e-4, found
"""


@pytest.mark.parametrize(
    "names", [["cnn_attention", "rnn"], pytest.param(NAMES, marks=pytest.mark.slow)], ids=["two", "all"]
)
def test_jax_gives_the_logits_of_tensorflow(saved, names):
    # Loading draws initial weights, and JAX compiles for every shape of them: quickly, since each runs once.
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    subprocess.run([sys.executable, "-c", JAX, __file__, str(saved), *names], env=environment, check=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_hyperparameter_has_a_default_within_its_bounds_and_a_meaning(name):
    for parameter in BUILDERS[name].hyperparameters:
        declaration = hyperparameters()[parameter]
        assert declaration["meaning"].endswith(".")
        assert name in declaration["active"]["model"]
        if "min" in declaration:
            assert declaration["min"] <= declaration["default"] <= declaration["max"]
        if "choices" in declaration:
            assert declaration["default"] in declaration["choices"]


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(ValueError, match="no model 'cmm'; there are cnn"):
        build_model({"model": "cmm"}, Spec(96, 1, 0, 4, "multiclass"))


def test_two_builders_may_share_a_hyperparameter_but_not_declare_it_differently():
    with pytest.raises(ValueError, match="declare dropout differently"):
        register_builder("other", lambda hp, spec: None, {"dropout": {"type": "float", "default": 0.9}})
    assert "other" not in BUILDERS


def test_what_a_builder_has_not_declared_does_not_act():
    of = spec()

    assert small("mlp", of, batch_norm="all").count_params() == small("mlp", of).count_params()
