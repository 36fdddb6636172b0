"""What a model folder answers for the rows of a side, be it one model or several, as its card says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation
from training.batches import predict
from training.boosted import load_trees, predict_mean
from training.card import MODEL, TREES, model_files, read_card
from training.committee import mean, vote
from training.decision import card_probabilities
from training.network import read_network

MEMBERS = "members"
# Side -> calibrated probabilities (n, K).
Answer = Callable[[Side], np.ndarray]


def open_model(folder: Path, dataset: Dataset) -> Answer:
    """Return what answers for sides of `dataset`, after everything that could be wrong has been looked at.

    Raises:
        BadInput: no model, or one that cannot be read, or that cannot see this file.
    """
    card = read_card(folder)
    if "ensemble" in card:
        return _together(folder, card, dataset)
    preparation = preparation_for(card, dataset)
    logits_of = load_model(folder)
    return lambda side: card_probabilities(logits_of(Examples(side, preparation)), card)


def _together(folder: Path, card: dict, dataset: Dataset) -> Answer:
    members = [Path(folder) / MEMBERS / name for name in card["ensemble"]["members"]]
    cards = [read_card(member) for member in members]
    answers = [open_model(member, dataset) for member in members]
    if card["ensemble"]["how"] == "vote":
        thresholds = [np.array([one["thresholds"][name] for name in card["classes"]]) for one in cards]
        return lambda side: vote([answer(side) for answer in answers], thresholds, card["task"])
    weights = list(card["ensemble"]["members"].values())
    return lambda side: mean([answer(side) for answer in answers], weights)


def preparation_for(card: dict, dataset: Dataset) -> Preparation:
    """Return how rows of a file become what the model sees: leads by name, and at the model's rate.

    Raises:
        BadInput: leads, covariates or a rate that do not lead there.
    """
    stored = Preparation.from_json(card["preparation"])
    if not set(card["leads"]) <= set(dataset.leads):
        raise _differ("leads", card["leads"], list(dataset.leads), dataset)
    preparation = replace(stored, leads=tuple(card["leads"]))
    if dataset.rate != card["rate"]:
        preparation = replace(preparation, resample_to=stored.resample_to or card["rate"])
        if preparation.length(dataset.rate) != stored.length(card["rate"]):
            raise _differ("rate", card["rate"], dataset.rate, dataset)
    if card["covariates"] and list(preparation.covariate_names(dataset)) != card["covariates"]:
        raise _differ("covariates", card["covariates"], list(dataset.covariates), dataset)
    return preparation


def _differ(what: str, model: object, file: object, dataset: Dataset) -> BadInput:
    return BadInput(
        f"The model was trained with {what} {_words(model)}, but {dataset.path} has {_words(file)}: "
        "evaluate it on a file built as its training file was."
    )


def _words(value: object) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)


def load_model(folder: Path) -> Callable[[Examples], np.ndarray]:
    """Return what gives the logits (n, K) of examples: a network, or boosted trees.

    Raises:
        BadInput: no model, or one that this version of Keras or XGBoost does not read.
    """
    if (folder / TREES).is_file():
        network = read_network(folder) if (folder / MODEL).is_file() else None
        members = load_trees(folder / TREES, network)
        return lambda examples: predict_mean(members, examples)
    network = read_network(folder)
    return lambda examples: predict(network, examples)


def model_digest(folder: Path) -> str:
    """Return the SHA-256 of the files that are the model, those of members in the card's order."""
    members = read_card(folder).get("ensemble", {"members": {}})["members"]
    files = model_files(folder) or [
        file for name in members for file in model_files(Path(folder) / MEMBERS / name)
    ]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
