"""What a run said about its validation rows: the ground of thresholds, intervals, ties and ensembles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from data_utils.digest import split_digest
from data_utils.errors import BadInput

if TYPE_CHECKING:
    from data_utils.dataset import Dataset
    from training.fit import Member

NAME = "predictions.npz"


@dataclass(frozen=True)
class Predictions:
    """Logits of all validation rows, in the order of the rows; with folds each row comes from the one model
    that was not trained on its patient.

    Attributes:
        row: (n,) int64, position in the data set.
        group: (n,) str, patient.
        target: (n, K) uint8 of 1, 0 and 255 for unknown.
        logits: (n, K) float32.
        fold: (n,) int16, -1 without folds.
        split_digest: hex SHA-256 of the data set's digest and of which rows were in which fold: two runs with
            the same one can be compared row by row.
        classes: (K,) slugs.
        recording: (n,) int32, where rows are windows of recordings; None where they are beats.
    """

    row: np.ndarray
    group: np.ndarray
    target: np.ndarray
    logits: np.ndarray
    fold: np.ndarray
    split_digest: str
    classes: tuple[str, ...]
    recording: np.ndarray | None = None


def pool(dataset: Dataset, members: Sequence[Member]) -> Predictions:
    """Put together what each member said on its own validation side."""
    row = np.concatenate([member.validation.rows for member in members])
    order = np.argsort(row, kind="stable")
    folds = [-1 if member.fold is None else member.fold for member in members]
    sizes = [len(member.validation) for member in members]
    fold = np.repeat(np.array(folds, np.int16), sizes)[order]
    return Predictions(
        row=row[order],
        group=np.concatenate([member.validation.groups for member in members])[order],
        target=np.concatenate([member.validation.targets for member in members])[order],
        logits=np.concatenate([member.logits for member in members])[order],
        fold=fold,
        split_digest=split_digest(dataset.digest, row[order], fold),
        classes=dataset.classes,
        recording=None if (dataset.rows.anchor >= 0).any() else dataset.rows.recording[row[order]],
    )


def write_predictions(folder: Path, predictions: Predictions) -> Path:
    """Write them as arrays that NumPy reads without pickle."""
    path = Path(folder) / NAME
    np.savez_compressed(
        path,
        row=predictions.row,
        group=predictions.group.astype(str),
        target=predictions.target,
        logits=predictions.logits.astype(np.float32),
        fold=predictions.fold,
        split_digest=np.array(predictions.split_digest),
        classes=np.array(predictions.classes),
        **({} if predictions.recording is None else {"recording": predictions.recording}),
    )
    return path


def read_predictions(folder: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises:
        BadInput: there are none, or they are not whole.
    """
    path = Path(folder) / NAME
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return Predictions(
            split_digest=str(arrays.pop("split_digest")),
            classes=tuple(str(name) for name in arrays.pop("classes")),
            **arrays,
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise BadInput(f"{path} holds no predictions of training.train ({error}).") from error
