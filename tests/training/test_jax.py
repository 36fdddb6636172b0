"""Models and losses run on JAX as on TensorFlow, where JAX is installed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from training.losses import ClassCounts, build_loss
from training.losses.registry import LOSSES

CODE = """
import json, sys
import keras, numpy as np
from models import Spec, build_model
from training.devices import check_device
from training.losses import ClassCounts, LossProgress, build_loss
from training.losses.registry import LOSSES
assert keras.backend.backend() == "jax"
# Without a GPU as with one.
check_device({"RAREBEAT_ALLOW_CPU": "1"})

logits = np.array(json.loads(sys.argv[1]), "float32")
targets = np.array(json.loads(sys.argv[2]), "uint8")
counts = ClassCounts.of(targets)
values = {}
for name in LOSSES:
    for link in ("softmax", "sigmoid"):
        values[f"{name} {link}"] = float(build_loss({"loss": name, "link": link}, counts)(targets, logits))

spec = Spec(64, 1, 2, 4, "multiclass", prior=(0.9, 0.05, 0.04, 0.01))
inputs = {"signal": np.ones((8, 64, 1), "float32"), "covariates": np.ones((8, 2), "float32")}
targets = np.eye(4, dtype="uint8")[np.arange(8) % 4]
for name in ("ce", "ldam_drw"):
    loss = build_loss({"loss": name, "link": "softmax", "drw_start": 0.5, "beta": 0.9}, counts)
    model = build_model({"n_blocks": 2, "filters": 2, "link": "softmax"}, spec)
    model.compile(keras.optimizers.SGD(0.0), loss)
    history = model.fit(inputs, targets, epochs=4, verbose=0, callbacks=[LossProgress(loss)])
    values[f"history {name}"] = [float(value) for value in history.history["loss"]]
print(json.dumps(values))
"""

RNG = np.random.default_rng(3)
LOGITS = RNG.normal(0, 3, (40, 4)).astype("float32")
TARGETS = np.eye(4, dtype="uint8")[RNG.choice(4, 40, p=[0.6, 0.2, 0.1, 0.1])]


@pytest.fixture(scope="module")
def on_jax():
    arguments = [json.dumps(LOGITS.tolist()), json.dumps(TARGETS.tolist())]
    ran = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        # What is compiled here runs once or four times.
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
@pytest.mark.parametrize("name", list(LOSSES))
def test_every_loss_has_the_same_value_on_jax(on_jax, name, link):
    here = float(build_loss({"loss": name, "link": link}, ClassCounts.of(TARGETS))(TARGETS, LOGITS))

    assert on_jax[f"{name} {link}"] == pytest.approx(here, rel=1e-5)


def test_a_model_trains_on_jax(on_jax):
    assert np.isfinite(on_jax["history ce"]).all()


def test_deferred_weights_set_in_on_jax_though_its_step_is_compiled(on_jax):
    first, second, third, fourth = on_jax["history ldam_drw"]

    # Dropout moves the loss by little; the weights of 40 rows by much.
    assert abs(first - second) < abs(second - third) / 3
    assert abs(third - fourth) < abs(second - third) / 3
