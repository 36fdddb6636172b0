"""By what a split is known: which rows of which data set were validated in which fold."""

from __future__ import annotations

import hashlib

import numpy as np


def split_digest(dataset_digest: str, row: np.ndarray, fold: np.ndarray) -> str:
    """Hex SHA-256 of a data set's digest, its validated rows (n,), and their folds (n,), -1 without any."""
    digest = hashlib.sha256(dataset_digest.encode())
    digest.update(row.astype("<i8").tobytes())
    digest.update(fold.astype("<i2").tobytes())
    return digest.hexdigest()
