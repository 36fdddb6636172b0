"""The card beside a model: everything that using it needs, and where it came from.

Read without TensorFlow. `read_card` refuses a card that is not whole, so that what reads it need not ask.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from data_utils.errors import BadInput

FORMAT = "rarebeat-card-1"
NAME = "card.json"
MODEL = "model.keras"
# In its place, or beside the network whose embedding they see: boosted trees.
TREES = "model.json"

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_LIST = {"type": "array", "items": {"type": "number"}}
_NUMBERS = {"type": "object", "additionalProperties": {"type": "number"}}

_PROPERTIES = {
    "format": {"const": FORMAT},
    "run": {
        "type": "object",
        "properties": {"path": _TEXT, "server": _TEXT},
        "required": ["path", "server"],
    },
    "hyperparameters": {"type": "object"},
    "inactive": _TEXTS,
    "task": {"enum": ["multiclass", "multilabel"]},
    "classes": {**_TEXTS, "minItems": 1},
    "class_names": _TEXTS,
    "link": {"enum": ["softmax", "sigmoid"]},
    "leads": {**_TEXTS, "minItems": 1},
    "rate": {"type": "number", "exclusiveMinimum": 0},
    "units": {"const": "mV"},
    "preparation": {
        "type": "object",
        "properties": {
            "window": {"type": "number", "minimum": 0},
            "position": {"type": "number"},
            "scaling": _TEXT,
            "covariate_mean": _LIST,
            "covariate_std": _LIST,
            "leads": _TEXTS,
            "crop": {"type": "number", "minimum": 0},
            "resample_to": {"type": "number", "minimum": 0},
            "residual": {"type": "boolean"},
            "features": _TEXT,
        },
        "required": ["window", "position", "scaling", "covariate_mean", "covariate_std"],
        "additionalProperties": False,
    },
    "covariates": _TEXTS,
    "thresholds": {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
    "temperature": {"type": "number", "exclusiveMinimum": 0},
    # p = link(scale * logits / temperature + offset), by class; without it scale is 1 and offset 0.
    "calibration": {
        "type": "object",
        "properties": {"scale": _NUMBERS, "offset": _NUMBERS},
        "required": ["scale", "offset"],
    },
    # Where rows are windows: how their probabilities become a recording's, and the thresholds of that.
    "record": {
        "type": "object",
        "properties": {
            "rule": {"enum": ["mean", "max", "noisy_or"]},
            "thresholds": {
                "type": "object",
                "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
            },
        },
        "required": ["rule", "thresholds"],
    },
    # Of several models that answer together, each in a folder of its own with its own card below this one.
    "ensemble": {
        "type": "object",
        "properties": {
            "how": {"enum": ["mean", "vote"]},
            "members": {
                "type": "object",
                "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
                "minProperties": 1,
            },
        },
        "required": ["how", "members"],
        "if": {"properties": {"how": {"const": "vote"}}},
        "then": {"properties": {"members": {"additionalProperties": {"const": 1}}}},
    },
    "ranked_classes": _TEXTS,
    # `training.patients`: hashes of those that it has learnt from, with blanks between.
    "patients": _TEXT,
    "metrics": _NUMBERS,
    "dataset": {
        "type": "object",
        "properties": {
            "digest": _TEXT,
            "source": _TEXT,
            "simulated": {"type": "boolean"},
            "groups_known": {"type": "boolean"},
            "licence": _TEXT,
            "preparation": {"type": "object"},
        },
        "required": ["digest", "source", "simulated", "groups_known", "licence", "preparation"],
    },
    "versions": {"type": "object", "additionalProperties": _TEXT},
}

_OPTIONAL = {"calibration", "record", "ensemble", "patients"}

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": _PROPERTIES,
    "required": [name for name in _PROPERTIES if name not in _OPTIONAL],
}


def model_files(folder: Path) -> list[Path]:
    """Return the files in `folder` that are the model."""
    return [path for name in (MODEL, TREES) if (path := Path(folder) / name).is_file()]


def write_card(folder: Path, card: dict) -> Path:
    """Write `card` into `folder`.

    Raises:
        jsonschema.ValidationError: the card is not whole.
    """
    jsonschema.validate(card, SCHEMA)
    path = Path(folder) / NAME
    path.write_text(json.dumps(card, indent=2, allow_nan=False) + "\n")
    return path


def read_card(folder: Path) -> dict:
    """Return the card of the model in `folder`.

    Raises:
        BadInput: no card, one that is no JSON, or one that is not whole.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise BadInput(f"There is no {NAME} in {folder}: `rarebeat best` writes one beside the model.")
    try:
        card = json.loads(path.read_text())
        jsonschema.validate(card, SCHEMA)
        _check_lengths(card)
    except (ValueError, jsonschema.ValidationError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise BadInput(f"{path} is no whole card of a model: {reason.splitlines()[0]}.") from error
    return card


def _check_lengths(card: dict) -> None:
    """Raise ValueError where two parts of a card speak of different things."""
    if set(card["classes"]) != set(card["thresholds"]) or len(card["classes"]) != len(card["class_names"]):
        raise ValueError("its classes, their names and their thresholds do not belong together")
    for name in ("covariate_mean", "covariate_std"):
        if len(card["preparation"][name]) != len(card["covariates"]):
            raise ValueError(f"its covariates and their {name} do not belong together")
