"""The last layer: logits whose bias starts at the classes' prior.

A network that begins by calling every class equally likely spends its first epochs learning the prevalence,
and with rare classes those steps are large and one-sided. Starting the bias at the prior removes them
(Lin et al. 2017, "Focal Loss for Dense Object Detection", section 4.1).
"""

from __future__ import annotations

import math

import keras
import numpy as np

from models.spec import Spec

NAME = "logits"

# Below one in ten thousand a bias says more about the sample than about the world.
FLOOR = 1e-4


def logits(features: keras.KerasTensor, spec: Spec) -> keras.KerasTensor:
    """Map features (B, D) to logits (B, K), in float32 whatever the precision of the rest."""
    return keras.layers.Dense(spec.classes, dtype="float32", name=NAME)(features)


def prior_bias(prior: tuple[float, ...], link: str) -> list[float]:
    """Return the logits (K,) whose probabilities are the prior.

    softmax: log(pi). sigmoid: log(pi / (1 - pi)). Shares are kept within [1e-4, 1 - 1e-4].
    """
    shares = [min(max(share, FLOOR), 1 - FLOOR) for share in prior]
    if link == "softmax":
        return [math.log(share) for share in shares]
    return [math.log(share / (1 - share)) for share in shares]


def start_at_prior(model: keras.Model, spec: Spec, link: str) -> None:
    """Set the bias of the model's last layer to the prior, where both exist.

    Done after building and not by an initialiser, because Keras's own take one number alone, and an
    initialiser of ours would have to be imported before a saved model could be loaded.
    """
    if spec.prior is None or NAME not in [layer.name for layer in model.layers]:
        return
    model.get_layer(NAME).bias.assign(np.asarray(prior_bias(spec.prior, link), "float32"))
