"""Boosted trees as a model: what they see of an example, their logits, and their file.

They are kept as JSON, by XGBoost's own format (Chen & Guestrin 2016), which no version reads by running code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from data_utils.errors import BadInput
from data_utils.loader import Examples
from training.batches import predict

if TYPE_CHECKING:
    import xgboost

FORMAT = "rarebeat-boosting-1"
# Enough rows at once that the loop does not show.
_ROWS = 4096


@dataclass
class Trees:
    """One fold's trees.

    Attributes:
        boosters: one with K outputs under softmax; under sigmoid one for each class.
        network: gives the embedding that the trees see; None where they see the window and its numbers.
    """

    boosters: list[xgboost.Booster]
    network: keras.Model | None = None

    def logits(self, inputs: np.ndarray) -> np.ndarray:
        """Return logits (n, K) float32 of `matrix(...)` (n, D)."""
        rows = xgboost_library().DMatrix(inputs)
        margins = [booster.predict(rows, output_margin=True) for booster in self.boosters]
        # A booster of one output, and so of one class under sigmoid, gives (n,).
        return np.asarray(margins[0] if margins[0].ndim == 2 else np.stack(margins, axis=1), np.float32)

    def get_weights(self) -> list[np.ndarray]:
        """Return the trees as bytes, one array a booster: what a checkpoint keeps."""
        return [np.frombuffer(bytes(booster.save_raw("json")), np.uint8) for booster in self.boosters]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Take the trees that `get_weights` gave."""
        self.boosters = [_booster(one.tobytes()) for one in weights]


def matrix(examples: Examples, network: keras.Model | None) -> np.ndarray:
    """Return what trees see of all examples of a side (n, D) float32.

    The network's embedding; without one the window, sample by sample and lead by lead, and the covariates.
    Of whole rows, which are of any length, only the covariates.

    Raises:
        BadInput: whole rows without covariates.
    """
    if network is not None:
        return predict(network, examples)
    if not examples.length and "covariates" not in examples.batch(np.arange(1)):
        raise BadInput("Boosting on whole rows needs covariates: give window in seconds, or those.")
    starts = range(0, len(examples), _ROWS)
    return np.concatenate(
        [_seen(examples, np.arange(one, min(one + _ROWS, len(examples)))) for one in starts]
    )


def _seen(examples: Examples, rows: np.ndarray) -> np.ndarray:
    batch = examples.batch(rows)
    window = batch["signal"].reshape(len(rows), -1)[:, : None if examples.length else 0]
    return np.concatenate([window, batch.get("covariates", window[:, :0])], axis=1)


def save_trees(path: Path, members: Sequence[Trees]) -> None:
    """Write the trees of all folds; their mean is the model."""
    boosters = [[json.loads(bytes(one)) for one in trees.get_weights()] for trees in members]
    path.write_text(json.dumps({"format": FORMAT, "members": boosters}))


def load_trees(path: Path, network: keras.Model | None) -> list[Trees]:
    """Read what `save_trees` wrote.

    Raises:
        BadInput: it is not there, or not whole.
    """
    try:
        stored = json.loads(path.read_text())
        if stored["format"] != FORMAT:
            raise ValueError(f"its format is {stored['format']!r}")
        members = [[_booster(json.dumps(one).encode()) for one in member] for member in stored["members"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} holds no boosted trees of training.train ({error}).") from error
    return [Trees(boosters, network) for boosters in members]


def predict_mean(members: Sequence[Trees], examples: Examples) -> np.ndarray:
    """Return the members' mean logits (n, K) float32."""
    inputs = matrix(examples, members[0].network)
    return np.mean([trees.logits(inputs) for trees in members], axis=0, dtype=np.float32)


def _booster(raw: bytes) -> xgboost.Booster:
    return xgboost_library().Booster(model_file=bytearray(raw))


def xgboost_library():
    """Return XGBoost.

    Raises:
        BadInput: it is not installed.
    """
    try:
        import xgboost
    except ImportError as error:
        raise BadInput(
            "Boosting needs XGBoost: pip install 'xgboost>=2.1', or -e '.[boosting]' in the clone."
        ) from error
    return xgboost
