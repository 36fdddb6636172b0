"""Models and losses run on JAX as on TensorFlow, where JAX is installed."""

import importlib.util
import os
import subprocess
import sys

import pytest

CODE = """
import keras, numpy as np
from models import Spec, build_model
from training.losses import ClassCounts, build_loss
assert keras.backend.backend() == "jax"
spec = Spec(64, 1, 2, 4, "multiclass", prior=(0.9, 0.05, 0.04, 0.01))
inputs = {"signal": np.ones((8, 64, 1), "float32"), "covariates": np.ones((8, 2), "float32")}
targets = np.eye(4, dtype="uint8")[np.arange(8) % 4]
for loss in ("ce", "weighted_ce", "focal"):
    for link in ("softmax", "sigmoid"):
        model = build_model({"n_blocks": 2, "filters": 2, "link": link}, spec)
        counts = ClassCounts.of(targets)
        model.compile("adam", build_loss({"loss": loss, "link": link}, counts))
        history = model.fit(inputs, targets, verbose=0)
        assert np.isfinite(history.history["loss"][0])
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_every_loss_trains_under_both_links_on_jax():
    subprocess.run([sys.executable, "-c", CODE], env={**os.environ, "KERAS_BACKEND": "jax"}, check=True)
