"""What stands for a row when its neighbours are sought: `smote_on`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from data_utils.dataset import Side
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import HYPERPARAMETERS, fit_preparation

Represent = Callable[[Side, np.ndarray, Mapping], np.ndarray]

REPRESENTATIONS: dict[str, Represent] = {}

SMOTE_ON = {
    "smote_on": {
        "type": "choice",
        "default": "beat",
        "choices": [],
        "meaning": "By what neighbours are found: the aligned beat as the model gets it, its covariates and "
        "features, or the embedding of a trained network. Signal and covariates are mixed in any case.",
    },
}

# s; wider windows hold neighbouring beats, which lie at another distance in every row.
_WIDEST = 2.0
_AT_ONCE = 1024


def register_representation(name: str, represent: Represent) -> None:
    """Make `smote_on: name` seek neighbours by what `represent` returns.

    Args:
        represent: gets the training side, positions (n,) of it, and all hyperparameters; returns (n, D)
            float32, and raises BadInput for what makes no sense.
    Raises:
        ValueError: the name is taken.
    """
    if name in REPRESENTATIONS:
        raise ValueError(f"There is already a representation named {name}.")
    REPRESENTATIONS[name] = represent
    SMOTE_ON["smote_on"]["choices"].append(name)


def representation(train: Side, positions: np.ndarray, hp: Mapping) -> np.ndarray:
    """(n, D) float32 for the rows at `positions` (n,).

    Raises:
        BadInput: rows that are not aligned on a beat, a window wider than a beat, or what the representation
            itself refuses.
    """
    hp = {name: declaration["default"] for name, declaration in HYPERPARAMETERS.items()} | dict(hp)
    _check_aligned(train, positions, hp)
    if hp["smote_on"] not in REPRESENTATIONS:
        raise BadInput(f"smote_on is {hp['smote_on']!r}: use one of {', '.join(REPRESENTATIONS)}.")
    return REPRESENTATIONS[hp["smote_on"]](train, positions, hp)


def _beat(train: Side, positions: np.ndarray, hp: Mapping) -> np.ndarray:
    return _of_model(train, positions, hp, "signal")


def _features(train: Side, positions: np.ndarray, hp: Mapping) -> np.ndarray:
    return _of_model(train, positions, hp, "covariates")


def _of_model(train: Side, positions: np.ndarray, hp: Mapping, part: str) -> np.ndarray:
    """What the model is given of each row, one after the other."""
    preparation = fit_preparation(train, **{name: hp[name] for name in HYPERPARAMETERS})
    examples = Examples(train, preparation)
    if part not in examples.batch(positions[:1]):
        raise BadInput(
            "smote_on is features, but the model gets none: set covariates to true and use a file that has "
            "any, or set smote_on to beat."
        )
    pieces = range(0, len(positions), _AT_ONCE)
    parts = [examples.batch(positions[first : first + _AT_ONCE])[part] for first in pieces]
    return np.concatenate([each.reshape(len(each), -1) for each in parts])


def _check_aligned(train: Side, positions: np.ndarray, hp: Mapping) -> None:
    if (train.dataset.rows.anchor[train.rows[positions]] < 0).any():
        raise BadInput(
            f"sampler {hp['sampler']} mixes aligned beats, but rows of {train.dataset.path} are not centred "
            "on a beat: mixing them would average signals out of phase, so use oversample or class_aware."
        )
    if not 0 < hp["window"] <= _WIDEST:
        raise BadInput(
            f"sampler {hp['sampler']} mixes single beats, but window={hp['window']:g} s holds several, which "
            f"lie elsewhere in every row: set window to {_WIDEST:g} or less, or use oversample."
        )


register_representation("beat", _beat)
register_representation("features", _features)
