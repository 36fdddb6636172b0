"""The patients that a model has learnt from, kept in its card: another file of the same source, with other
classes or another split, may hold them again.

A card holds hashes of source and patient, also those of the model that it started from. They hide little
where patients are numbered; the names of one's own patients were hashed with a salt before
(`data_utils.sources.patients`), so that builds with two salts have no patient in common that can be told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from data_utils.dataset import Dataset

# Hex digits: of two sets of 20,000 patients one is taken for one of the others in one pair of sets of 2,700.
_DIGITS = 10


def patients_taught(dataset: Dataset, folds: int, inherited: Collection[str] = ()) -> str:
    """Return what a card says of the patients that a run has trained on.

    Args:
        folds: of the run; with any, every patient has trained one of its members.
        inherited: `read_patients` of the models that it started from.
    """
    groups = dataset.groups if folds else dataset.sides()[0].groups
    return " ".join(sorted({*_hashes(dataset, groups), *inherited}))


def read_patients(cards: Iterable[Mapping]) -> frozenset[str]:
    """Return the hashes in any of the cards; a card of an earlier version has none."""
    return frozenset(one for card in cards for one in card.get("patients", "").split())


def known_patients(card: Mapping, dataset: Dataset, groups: np.ndarray) -> int:
    """Return how many patients of `groups` (n,) of a data set have taught the model of a card."""
    taught = read_patients([card])
    return sum(one in taught for one in _hashes(dataset, groups))


def validating(dataset: Dataset, folds: int) -> np.ndarray:
    """Return the patient of each row that validates a run; with folds of all rows."""
    return dataset.groups if folds else dataset.sides()[1].groups


def _hashes(dataset: Dataset, groups: np.ndarray) -> list[str]:
    if dataset.simulated:
        # Patients of two simulations are called alike and are others.
        return []
    named = (f"{dataset.source}\n{group}" for group in np.unique(groups))
    return [hashlib.sha256(one.encode()).hexdigest()[:_DIGITS] for one in named]
