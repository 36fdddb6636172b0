"""The embedding of a trained network, which is what its last layer sees: for boosted trees, and for SMOTE."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation
from data_utils.samplers import register_representation
from data_utils.samplers.smote import MIXING
from models.head import NAME as HEAD
from training.boosted import matrix
from training.transfer import load, refuse_leak

HYPERPARAMETERS = {
    "embedding_from": {
        "type": "str",
        "default": "",
        "meaning": "Trained network in whose embedding smote_on seeks neighbours: a folder with model.keras "
        "and card.json, or a W&B artifact entity/project/name:alias.",
        "active": {"sampler": list(MIXING), "smote_on": ["embedding"]},
    },
}


def load_embedding(named: str, hp: Mapping, dataset: Dataset) -> tuple[keras.Model, Preparation, dict]:
    """Return the network of `hp[named]` up to its last layer, giving (B, D), how its inputs are prepared, and
    its card.

    Raises:
        BadInput: no such model, one that has seen the patients who validate, or one of other inputs.
    """
    network, card = load(hp[named], named)
    refuse_leak(named, hp, card, dataset)
    preparation = Preparation.from_json(card["preparation"])
    # Leads are read by name: the file may have more of them.
    known = set(card["leads"]) <= set(dataset.leads) and card["rate"] == dataset.rate
    if not known or card["covariates"] != list(preparation.covariate_names(dataset)):
        raise BadInput(
            f"The network of {named} {hp[named]} knows other leads, another rate or other covariates."
        )
    if HEAD not in [layer.name for layer in network.layers]:
        raise BadInput(f"{named} {hp[named]} has no embedding: name a network that one run has trained.")
    return keras.Model(network.input, network.get_layer(HEAD).input), preparation, card


def embedded(train: Side, positions: np.ndarray, hp: Mapping) -> np.ndarray:
    """Return the embedding (n, D) float32 of the rows at `positions` (n,) by the network of `embedding_from`.

    Raises:
        BadInput: none is named, or what `load_embedding` refuses.
    """
    if not hp["embedding_from"]:
        raise BadInput("smote_on embedding needs embedding_from: the trained network whose embedding it is.")
    network, preparation, _ = load_embedding("embedding_from", hp, train.dataset)
    return matrix(Examples(train, preparation), network)[positions]


register_representation("embedding", embedded)
