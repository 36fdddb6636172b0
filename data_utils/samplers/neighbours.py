"""Let imbalanced-learn choose what is mixed with what, without copying a single example.

Its samplers take an estimator of neighbours. Ours is given row numbers instead of examples: it looks for
neighbours among the examples that the numbers stand for, and remembers which of them were taken. Because the
"examples" are numbers, what imbalanced-learn mixes is a number too, from which the share of each is read.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
from imblearn.over_sampling.base import BaseOverSampler
from sklearn.neighbors import NearestNeighbors

# Han et al. 2005 leave open by how many neighbours a row is on the border; imbalanced-learn's default.
_BORDER = 10


class _Neighbours(np.ndarray):
    """(q, k) neighbours; taking single ones by (rows, columns) is remembered in `taken`."""

    def __array_finalize__(self, origin: np.ndarray | None) -> None:
        self.taken = getattr(origin, "taken", None)
        self.of = getattr(origin, "of", None)
        self.among = getattr(origin, "among", None)

    def __getitem__(self, key: object) -> np.ndarray:
        found = np.asarray(super().__getitem__(key)) if _is_pairs(key) else super().__getitem__(key)
        if _is_pairs(key):
            self.taken.append((self.of[key[0]], self.among[found]))
        return found


def _is_pairs(key: object) -> bool:
    return isinstance(key, tuple) and len(key) == 2 and all(isinstance(part, np.ndarray) for part in key)


class RowNeighbours(NearestNeighbors):
    """The k nearest rows of rows that are given by their numbers (q, 1), by Euclidean distance.

    Args:
        representation: (n, D) what stands for each row.
        taken: where (rows, mates) that were chosen go, in the order of their choice.
        k: neighbours besides the row itself.
    """

    def __init__(self, representation: np.ndarray, taken: list, k: int) -> None:
        super().__init__(n_neighbors=k + 1)
        self.representation = representation
        self.taken = taken
        self.k = k

    def __sklearn_clone__(self) -> RowNeighbours:
        # A clone would copy the representation, and what is taken from it would be lost.
        return RowNeighbours(self.representation, self.taken, self.k)

    def fit(self, numbers: np.ndarray, y: object = None) -> RowNeighbours:
        self.among = numbers[:, 0].astype(np.int64)
        return super().fit(self.representation[self.among])

    def kneighbors(self, numbers: np.ndarray, return_distance: bool = False) -> np.ndarray:
        of = numbers[:, 0].astype(np.int64)
        found = super().kneighbors(self.representation[of], return_distance=False).view(_Neighbours)
        found.taken, found.of, found.among = self.taken, of, self.among
        return found


def mixtures(
    name: str, points: np.ndarray, stratum: np.ndarray, goals: Mapping[int, int], k: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What imbalanced-learn mixes for this seed: rows (m,), mates (m,) int64, and mates' shares (m,) float64.

    Args:
        name: smote, borderline_smote or adasyn.
        points: (n, D) what stands for each row.
        stratum: (n,) class of each row.
        goals: class -> rows that it is raised to.
    Raises:
        ValueError, RuntimeError: what imbalanced-learn refuses.
    """
    taken: list[tuple[np.ndarray, np.ndarray]] = []
    sampler = _build(name, points, taken, k)
    sampler.set_params(sampling_strategy=dict(goals), random_state=seed)
    numbers = np.arange(len(stratum), dtype=np.float64)[:, None]
    mixed = sampler.fit_resample(numbers, stratum)[0][len(stratum) :, 0]
    if not taken:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    rows, mates = (np.concatenate(part) for part in zip(*taken, strict=True))
    apart = mates - rows
    # A row that is its own neighbour (a double of it came first) is itself at any share.
    return rows, mates, np.divide(mixed - rows, apart, out=np.zeros(len(mixed)), where=apart != 0)


def _build(name: str, points: np.ndarray, taken: list, k: int) -> BaseOverSampler:
    near = RowNeighbours(points, taken, k)
    if name == "smote":
        return SMOTE(k_neighbors=near)
    if name == "adasyn":
        return ADASYN(n_neighbors=near)
    return BorderlineSMOTE(k_neighbors=near, m_neighbors=RowNeighbours(points, taken, _BORDER))
