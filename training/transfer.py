"""Start from a trained model: layers one by one, leads and covariates by name, a new head for new classes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import wandb

from data_utils.dataset import Dataset
from data_utils.errors import BadInput
from data_utils.preparation import Preparation
from models import hyperparameters as model_hyperparameters
from models.head import NAME as HEAD
from training.card import read_card
from training.network import read_network
from training.patients import known_patients, read_patients, validating

HYPERPARAMETERS = {
    "init_from": {
        "type": "str",
        "default": "",
        "meaning": "Model to start from: a folder with model.keras and card.json, or a W&B artifact"
        " entity/project/name:alias; empty starts afresh.",
    },
    "freeze_until": {
        "type": "str",
        "default": "",
        "meaning": "Number of the last block, or name of the last layer, that stays as init_from has it,"
        " with all before it; empty trains everything.",
    },
    "head_learning_rate": {
        "type": "float",
        "default": 1.0,
        "min": 0.01,
        "max": 1000.0,
        "meaning": "Learning rate of the last layer, as a multiple of that of all others.",
    },
}

ARTIFACT = re.compile(r"[^/:]+/[^/:]+/[^/:]+:[^/:]+")


@dataclass(frozen=True)
class Inputs:
    """What a model sees, by name.

    Attributes:
        leads: one a channel; a lead's residual is one of its own.
        covariates: one a number beside the signal.
        rate: Hz.
    """

    leads: tuple[str, ...]
    covariates: tuple[str, ...]
    rate: float


def start(model: keras.Model, hp: Mapping, dataset: Dataset, preparation: Preparation) -> frozenset[str]:
    """Give a freshly built model the weights of `hp["init_from"]`, and freeze what `freeze_until` says.

    Leads and covariates are matched by name; those that the source has not seen start without influence, at
    weights of 0. The last layer stays fresh where the classes, their order or the link differ.

    Returns:
        The patients who have taught the source (`training.patients`).

    Raises:
        BadInput: no such model, another network, another rate or scaling, no lead in common, one that has
            seen the patients who validate, or nothing left to train.
    """
    if not hp["init_from"]:
        if hp["freeze_until"]:
            raise BadInput("freeze_until without init_from would freeze layers that have learnt nothing.")
        return frozenset()
    source, card = load(hp["init_from"])
    refuse_leak("init_from", hp, card, dataset)
    there, here = _inputs_of(card), _inputs(dataset, preparation)
    _check(hp, card, there, here)
    _check_scaling(hp, card, dataset, preparation)
    same_head = card["classes"] == list(dataset.classes) and card["link"] == hp["link"]
    try:
        copy_weights(source, model, there, here, same_head)
    except ValueError as error:
        raise BadInput(
            f"init_from {hp['init_from']} is another network than this run's{_differing(hp, card)}."
        ) from error
    known = [lead for lead in here.leads if lead in there.leads]
    print(
        f"Starts from {hp['init_from']}: {len(known)} of {len(here.leads)} channels known there,"
        f" {'its' if same_head else 'a fresh'} last layer.",
        flush=True,
    )
    if hp["freeze_until"]:
        freeze(model, hp["freeze_until"])
    return read_patients([card])


def refuse_leak(named: str, hp: Mapping, card: Mapping, dataset: Dataset) -> None:
    """Raise BadInput if the model that `hp[named]` names was trained on patients who validate this run."""
    if card["dataset"]["digest"] == dataset.digest and (hp["folds"] or card["hyperparameters"]["folds"]):
        raise BadInput(
            f"The network of {named} {hp[named]} has seen the patients of these folds: train it on another "
            "data set, or both without folds."
        )
    if known := known_patients(card, dataset, validating(dataset, hp["folds"])):
        raise BadInput(
            f"{known} of the patients who validate this run trained the network of {named} {hp[named]}: "
            "train it on others, or build both files with one split and take no folds."
        )


def load(place: str, named: str = "init_from") -> tuple[keras.Model, dict]:
    """Return model and card of a folder or of a W&B model artifact; of several folds the first member.

    Args:
        named: the hyperparameter that names it.

    Raises:
        BadInput: neither a folder nor an artifact that can be fetched, or no whole model in it.
    """
    if Path(place).is_dir():
        return _load(Path(place))
    if not ARTIFACT.fullmatch(place):
        raise BadInput(f"{named} {place} is neither a folder nor a W&B artifact entity/project/name:alias.")
    with tempfile.TemporaryDirectory(prefix="rarebeat-init-") as folder:
        try:
            wandb.Api().artifact(place, type="model").download(root=folder)
        except (wandb.Error, ValueError, OSError) as error:
            raise BadInput(f"{named} {place} cannot be fetched: {str(error).splitlines()[0]}") from error
        return _load(Path(folder))


def _load(folder: Path) -> tuple[keras.Model, dict]:
    card, model = read_card(folder), read_network(folder)
    members = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return (members[0] if members else model), card


def copy_weights(
    source: keras.Model, target: keras.Model, there: Inputs, here: Inputs, same_head: bool
) -> None:
    """Copy what two networks of one builder share.

    Raises:
        ValueError: layers or shapes that do not belong together.
    """
    ours, theirs = _layers(target), _layers(source)
    if ours.keys() != theirs.keys():
        raise ValueError("The networks have different layers.")
    for key, layer in ours.items():
        if key[0] == HEAD and not same_head:
            continue
        names = _Rows.of(source, theirs[key], there), _Rows.of(target, layer, here)
        weights = [
            _moved(keras.ops.convert_to_numpy(old), new.shape, *names)
            if new.name == "kernel"
            else keras.ops.convert_to_numpy(old)
            for old, new in zip(theirs[key].weights, layer.weights, strict=True)
        ]
        layer.set_weights(weights)


def _layers(model: keras.Model) -> dict[tuple[str, int], keras.layers.Layer]:
    """Return the layers with weights by kind and order of creation.

    Keras numbers layers over the whole process, so that names alone tell two builds of one network apart.
    """
    numbered: dict[str, list[tuple[int, keras.layers.Layer]]] = {}
    for layer in model.layers:
        kind, number = re.fullmatch(r"(.*?)(?:_(\d+))?", layer.name).groups()
        if layer.weights:
            numbered.setdefault(kind, []).append((int(number or 0), layer))
    return {
        (kind, place): layer
        for kind, found in numbered.items()
        for place, (_, layer) in enumerate(sorted(found, key=lambda pair: pair[0]))
    }


@dataclass(frozen=True)
class _Rows:
    """What the rows of a kernel stand for.

    Attributes:
        leads: names that repeat over the rows, or none where rows are learnt features.
        covariates: names of the last rows.
    """

    leads: tuple[str, ...]
    covariates: tuple[str, ...]

    @classmethod
    def of(cls, model: keras.Model, layer: keras.layers.Layer, inputs: Inputs) -> _Rows:
        if layer.name == "covariates_1":
            return cls((), inputs.covariates)
        join = next((one for one in model.layers if one.name == "join"), None)
        if join is None or layer.input is not join.output:
            return cls(inputs.leads if _sees_signal(model, layer, layer.input) else (), ())
        features, beside = join.input
        leads = inputs.leads if _sees_signal(model, layer, features) else ()
        if beside is model.input["covariates"]:
            return cls(leads, inputs.covariates)
        # What a branch has made of the covariates stays in its order.
        return cls(leads, tuple(f"of the branch {unit}" for unit in range(beside.shape[-1])))


def _sees_signal(model: keras.Model, layer: keras.layers.Layer, features: keras.KerasTensor) -> bool:
    """Return whether no weight lies between the signal and the features that this layer sees."""
    if not any(weight.name == "kernel" for weight in layer.weights):
        return False
    return not keras.Model(model.input, features).weights


def _moved(kernel: np.ndarray, shape: Sequence[int], there: _Rows, here: _Rows) -> np.ndarray:
    """Return the kernel (..., rows, units) for the rows of another model."""
    units = kernel.shape[-1]
    rows = kernel.reshape(-1, units)
    features, covariates = np.split(rows, [len(rows) - len(there.covariates)])
    if here.leads:
        features = _by_name(features.reshape(-1, len(there.leads), units), there.leads, here.leads)
    covariates = _by_name(covariates[None], there.covariates, here.covariates)
    return np.concatenate([features.reshape(-1, units), covariates[0]]).reshape(shape)


def _by_name(rows: np.ndarray, there: Sequence[str], here: Sequence[str]) -> np.ndarray:
    """Return (M, there, U) as (M, here, U); what was not there is 0."""
    moved = np.zeros((len(rows), len(here), rows.shape[-1]), rows.dtype)
    for place, name in enumerate(here):
        if name in there:
            moved[:, place] = rows[:, there.index(name)]
    return moved


def freeze(model: keras.Model, until: str) -> None:
    """Stop training a layer, or the block of that number, and everything that it rests on.

    Frozen batch normalisation keeps its statistics too.

    Raises:
        BadInput: no such layer, or nothing left to train.
    """
    blocks = [layer.name for layer in model.layers if re.fullmatch(r"block_\d+", layer.name)]
    name = f"block_{int(until)}" if until.isdigit() else until
    if name not in [layer.name for layer in model.layers]:
        there = f"its blocks are 1 to {len(blocks)}" if blocks else "it has no blocks"
        raise BadInput(
            f"freeze_until is {until!r}, but the {model.name} has no such block or layer: {there}."
        )
    for layer in keras.Model(model.input, model.get_layer(name).output).layers:
        layer.trainable = False
    if not model.trainable_weights:
        raise BadInput(f"freeze_until {until} leaves nothing of the {model.name} to train.")


def with_head_rate(
    optimizer: keras.optimizers.Optimizer, model: keras.Model, multiple: float
) -> keras.optimizers.Optimizer:
    """Make the optimizer step the last layer at `multiple` times its rate (Howard & Ruder 2018)."""
    if multiple == 1.0:
        return optimizer
    head = {weight.path for weight in model.get_layer(HEAD).weights}
    step = optimizer.update_step

    def update_step(gradient: object, variable: object, learning_rate: object) -> None:
        # TensorFlow hands on its own variable, whose name is the path and a number.
        path = getattr(variable, "path", None) or variable.name.partition(":")[0]
        step(gradient, variable, learning_rate * multiple if path in head else learning_rate)

    optimizer.update_step = update_step
    return optimizer


def _inputs(dataset: Dataset, preparation: Preparation) -> Inputs:
    return Inputs(
        channel_names(preparation.lead_names(dataset), preparation),
        tuple(preparation.covariate_names(dataset)),
        preparation.resample_to or dataset.rate,
    )


def _inputs_of(card: dict) -> Inputs:
    preparation = Preparation.from_json(card["preparation"])
    return Inputs(
        channel_names(preparation.leads or card["leads"], preparation),
        tuple(card["covariates"]),
        preparation.resample_to or card["rate"],
    )


def channel_names(leads: Sequence[str], preparation: Preparation) -> tuple[str, ...]:
    """Return the name of each channel, in the loader's order: the leads, then the residual of each."""
    return (*leads, *(f"{lead} residual" for lead in leads if preparation.residual))


def _check(hp: Mapping, card: dict, there: Inputs, here: Inputs) -> None:
    model = card["hyperparameters"]["model"]
    if model != hp["model"]:
        raise BadInput(f"init_from {hp['init_from']} is a {model}, but this run trains a {hp['model']}.")
    if there.rate != here.rate:
        raise BadInput(
            f"init_from {hp['init_from']} saw {there.rate:g} Hz, but this run sees {here.rate:g} Hz:"
            f" a kernel of so many samples would be another time."
        )
    if not set(there.leads) & set(here.leads):
        raise BadInput(
            f"init_from {hp['init_from']} knows the leads {', '.join(there.leads)}, none of which is here."
        )


def _check_scaling(hp: Mapping, card: dict, dataset: Dataset, preparation: Preparation) -> None:
    there = _scale(card["preparation"]["scaling"], card["dataset"]["preparation"])
    here = _scale(preparation.scaling, dataset.preparation)
    if there != here:
        raise BadInput(
            f"init_from {hp['init_from']} saw signals {there}, but this run sees them {here}, so its kernels"
            " would meet other sizes: train both with one scaling."
        )


def _scale(scaling: str, file: Mapping) -> str:
    """In what the signal is that a model sees, in words."""
    return f"in {file.get('units', 'mV')}" if scaling == "none" else f"of scaling {scaling}"


def _differing(hp: Mapping, card: dict) -> str:
    """Return ": set filters to 32 as there" for every hyperparameter of the network that differs."""
    declared = [
        name
        for name, one in model_hyperparameters().items()
        if hp["model"] in one.get("active", {}).get("model", [])
    ]
    used = card["hyperparameters"]
    differing = [
        name for name in (*declared, "window") if name != "dropout" and used.get(name, hp[name]) != hp[name]
    ]
    return ": set " + ", ".join(f"{name} to {used[name]}" for name in differing) if differing else ""
