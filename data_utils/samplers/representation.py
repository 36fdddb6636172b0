"""What stands for a row when its neighbours are sought: `smote_on`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_utils.dataset import Side
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import HYPERPARAMETERS, fit_preparation

SMOTE_ON = {
    "smote_on": {
        "type": "choice",
        "default": "beat",
        "choices": ["beat", "features"],
        "meaning": "By what neighbours are found: the aligned beat as the model gets it, or its covariates "
        "and features. Signal and covariates are mixed either way.",
    },
}

# s; wider windows hold neighbouring beats, which lie at another distance in every row.
_WIDEST = 2.0
_AT_ONCE = 1024


def representation(train: Side, positions: np.ndarray, hp: Mapping) -> np.ndarray:
    """(n, D) float32 for the rows at `positions` (n,).

    Raises:
        BadInput: rows that are not aligned on a beat, a window wider than a beat, or no features.
    """
    hp = {name: declaration["default"] for name, declaration in HYPERPARAMETERS.items()} | dict(hp)
    _check_aligned(train, positions, hp)
    preparation = fit_preparation(train, **{name: hp[name] for name in HYPERPARAMETERS})
    examples = Examples(train, preparation)
    part = "signal" if hp["smote_on"] == "beat" else "covariates"
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
