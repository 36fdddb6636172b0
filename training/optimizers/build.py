"""The optimiser of a run by its name."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from training.optimizers.averaging import HYPERPARAMETERS as AVERAGING
from training.optimizers.averaging import options
from training.optimizers.plateau import HYPERPARAMETERS as PLATEAU
from training.optimizers.precision import HYPERPARAMETERS as PRECISION
from training.optimizers.radam import RectifiedAdam
from training.optimizers.schedules import HYPERPARAMETERS as SCHEDULES
from training.optimizers.schedules import learning_rate

OPTIMIZERS = {
    "adamw": keras.optimizers.AdamW,
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "lion": keras.optimizers.Lion,
    "lamb": keras.optimizers.Lamb,
    "radam": RectifiedAdam,
}
# Adam with decoupled weight decay is adamw, so that each has one name.
UNDECAYED = {"adam"}

HYPERPARAMETERS = {
    "optimizer": {
        "type": "choice",
        "default": "adamw",
        "choices": list(OPTIMIZERS),
        "meaning": "How weights move; rates do not carry over: sgd wants about 10 to 50 times that of "
        "adamw, lion a third to a tenth.",
    },
    "learning_rate": {
        "type": "float",
        "default": 2.0e-3,
        "min": 1.0e-7,
        "max": 1.0,
        "meaning": "Highest learning rate, reached after the warm-up.",
    },
    "weight_decay": {
        "type": "float",
        "default": 1.0e-4,
        "min": 0.0,
        "max": 1.0,
        "meaning": "Decoupled weight decay; biases and normalisation are left out.",
        "active": {"optimizer": [name for name in OPTIMIZERS if name not in UNDECAYED]},
    },
    "momentum": {
        "type": "float",
        "default": 0.9,
        "min": 0.0,
        "max": 0.999,
        "meaning": "Nesterov momentum.",
        "active": {"optimizer": ["sgd"]},
    },
    "clip_norm": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 1000.0,
        "meaning": "Longest gradient, over all weights together; longer ones are shortened to it. 0 shortens "
        "none.",
    },
    **SCHEDULES,
    **PLATEAU,
    **AVERAGING,
    **PRECISION,
}


def build_optimizer(hp: Mapping, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Return the optimiser that `hp["optimizer"]` names, under the schedule of the whole run.

    AdamW: Loshchilov & Hutter 2019. Lion: Chen et al. 2023. LAMB: You et al. 2020. RAdam: Liu et al. 2020.

    Args:
        hp: what `HYPERPARAMETERS` declares, and epochs.
        steps_per_epoch: batches of one epoch.
    """
    name = hp["optimizer"]
    rate = learning_rate(hp, steps_per_epoch)
    own = {"momentum": hp["momentum"], "nesterov": True} if name == "sgd" else {}
    optimizer = OPTIMIZERS[name](
        rate,
        weight_decay=None if name in UNDECAYED else hp["weight_decay"],
        global_clipnorm=hp["clip_norm"] or None,
        **options(hp),
        **own,
    )
    if name not in UNDECAYED:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
