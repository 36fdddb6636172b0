"""A curriculum: rows that an earlier run found easy at first, all rows at the end.

Bengio et al. 2009, Curriculum Learning, ICML; the pace is the square-root competence of Platanios et al.
2019, Competence-based Curriculum Learning for Neural Machine Translation, NAACL.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from data_utils.dataset import Side
from data_utils.digest import split_digest
from data_utils.errors import BadInput
from data_utils.layout import UNKNOWN
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.passes import shuffled_passes
from data_utils.samplers.registry import register_sampler
from data_utils.samplers.strata import members

DECLARED = {
    "curriculum_from": {
        "type": "str",
        "default": "",
        "meaning": "predictions.npz of an earlier run with the same data and folds, or its folder: what it "
        "found hard comes late.",
    },
    "curriculum_start": {
        "type": "float",
        "default": 0.2,
        "min": 0.01,
        "max": 1.0,
        "meaning": "Share of each class, its easiest rows, that the first epoch draws from; the last draws "
        "from all.",
    },
}


class Curriculum:
    """Shuffled passes over the easiest rows of every class; the classes keep their proportions.

    Args:
        difficulty: (n,) float of every row; rows of which nothing is known are not drawn.
        start: share of each class in the first epoch.
    """

    def __init__(self, targets: np.ndarray, difficulty: np.ndarray, start: float) -> None:
        self.easy_first = [
            rows[np.argsort(difficulty[rows], kind="stable")] for rows in members(targets).values()
        ]
        self.start = start
        self.pass_length = sum(map(len, self.easy_first))

    def draw(self, size: int, rng: np.random.Generator, progress: float) -> Drawn:
        competence = np.sqrt(progress * (1 - self.start**2) + self.start**2)
        within = [rows[: int(np.ceil(competence * len(rows)))] for rows in self.easy_first]
        return Drawn(shuffled_passes(np.concatenate(within), size, rng))


def surprise(targets: np.ndarray, logits: np.ndarray, task: str) -> np.ndarray:
    """(n,) float cross-entropy of the rows, in nats; classes that are not known count nothing."""
    logits = logits.astype(np.float64)
    if task == "multiclass":
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return -(log_p * (targets == 1)).sum(axis=1)
    binary = np.logaddexp(0, logits) - logits * (targets == 1)
    return (binary * (targets != UNKNOWN)).sum(axis=1)


def curriculum(train: Side, hp: Mapping) -> Curriculum:
    """Rows in the order that `curriculum_from` found them easy in.

    Raises:
        BadInput: no predictions, or those of another data set or other folds.
    """
    if not hp["curriculum_from"]:
        raise BadInput("sampler curriculum needs curriculum_from: the predictions.npz of an earlier run.")
    path = Path(hp["curriculum_from"])
    path = path / "predictions.npz" if path.is_dir() else path
    row, logits, digest = _read(path)
    _check_split(path, train, hp.get("folds", 0), digest)
    place = np.searchsorted(row, train.rows)
    difficulty = surprise(train.targets, logits[place], train.dataset.task)
    return Curriculum(train.targets, difficulty, hp["curriculum_start"])


def _read(path: Path) -> tuple[np.ndarray, np.ndarray, str]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return stored["row"], stored["logits"], str(stored["split_digest"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise BadInput(f"curriculum_from={path} holds no predictions of an earlier run ({error}).") from error


def _check_split(path: Path, train: Side, folds: int, digest: str) -> None:
    """Only with folds every training row was validated in another one."""
    if folds < 2:
        raise BadInput(
            "sampler curriculum needs folds of 2 or more: without them no run predicts what it trains on."
        )
    dataset = train.dataset
    rows = np.arange(len(dataset), dtype=np.int64)
    if digest != split_digest(dataset.digest, rows, dataset.rows.fold % folds):
        raise BadInput(
            f"curriculum_from={path} comes from another split than {dataset.path} with folds={folds}: name "
            "a run on the same file with the same folds."
        )


register_sampler("curriculum", curriculum, DECLARED)
