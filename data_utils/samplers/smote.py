"""SMOTE and its kin: rare classes raised by mixtures of neighbours, which imbalanced-learn chooses.

Chawla et al. 2002, SMOTE: Synthetic Minority Over-sampling Technique, JAIR 16; Han et al. 2005,
Borderline-SMOTE, ICIC (borderline-1); He et al. 2008, ADASYN, IJCNN.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_utils.dataset import Side
from data_utils.errors import BadInput
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.goals import TARGET, raised
from data_utils.samplers.passes import FixedList
from data_utils.samplers.registry import register_sampler
from data_utils.samplers.representation import SMOTE_ON, representation
from data_utils.samplers.strata import members

MIXING = ("smote", "borderline_smote", "adasyn")

NEIGHBOURS = {
    "k_neighbors": {
        "type": "int",
        "default": 5,
        "min": 1,
        "max": 100,
        "meaning": "Nearest rows of the class, one of which a row is mixed with.",
    },
}


def smote(train: Side, hp: Mapping) -> FixedList:
    """Passes over all rows with a known class and the mixtures, which are the same in every epoch.

    Raises:
        BadInput: several classes true at once, rows that cannot be mixed, or a class with too few rows.
    """
    if train.dataset.task != "multiclass":
        raise BadInput(
            f"sampler {hp['sampler']} mixes rows of one class, but several classes of this file can be true "
            "at once: use repeat_factor or ml_ros."
        )
    rows = members(train.targets)
    counts = {stratum: len(each) for stratum, each in rows.items() if stratum < len(train.dataset.classes)}
    goals = raised(hp["sampler_target"], counts, train.dataset.classes)
    _check_enough(goals, counts, hp, train.dataset.classes)
    known = np.sort(np.concatenate([rows[stratum] for stratum in counts]))
    stratum = np.argmax(train.targets[known] == 1, axis=1)
    return FixedList(recipes(known, stratum, goals, representation(train, known, hp), hp))


def recipes(
    known: np.ndarray, stratum: np.ndarray, goals: Mapping[int, int], points: np.ndarray, hp: Mapping
) -> Drawn:
    """The rows `known` (n,) themselves, then what is mixed of them by their `points` (n, D)."""
    # A second that only those pay who mix.
    from data_utils.samplers.neighbours import mixtures

    try:
        row, mate, share = mixtures(
            hp["sampler"], points, stratum, goals, hp["k_neighbors"], hp.get("seed", 0)
        )
    except (ValueError, RuntimeError) as error:
        raise BadInput(
            f"sampler {hp['sampler']} finds nothing to mix on these rows ({error}): use smote or oversample."
        ) from error
    return Drawn(
        rows=np.concatenate([known, known[row]]),
        mates=np.concatenate([known, known[mate]]),
        lam=np.concatenate([np.ones(len(known)), 1 - share]).astype(np.float32),
    )


def _check_enough(
    goals: Mapping[int, int], counts: Mapping[int, int], hp: Mapping, classes: tuple[str, ...]
) -> None:
    """Mixing fewer rows than have k neighbours each would only repeat them under another name."""
    for stratum, goal in goals.items():
        if counts[stratum] < goal and counts[stratum] <= hp["k_neighbors"]:
            raise BadInput(
                f"{classes[stratum]} has {counts[stratum]} training rows, but {hp['sampler']} with "
                f"k_neighbors={hp['k_neighbors']} takes at least {hp['k_neighbors'] + 1}: lower k_neighbors, "
                "name only other classes in sampler_target, or use oversample."
            )


for _name in MIXING:
    register_sampler(_name, smote, TARGET | NEIGHBOURS | SMOTE_ON)
