"""Counts of a dataset by split, fold and recording, and of what was left out.

It is all that `data show` needs, so that nobody has to open the sealed file to know what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from data_utils.layout import SPLITS

if TYPE_CHECKING:
    from data_utils.quality import Failure


@dataclass(frozen=True, eq=False)
class Part:
    """One recording of a dataset, as far as counting goes."""

    name: str
    group: str
    split: str
    target: np.ndarray  # (n, K) uint8


@dataclass(frozen=True)
class Strip:
    """The beginning of a recording that is in neither file, to look at: one lead.

    Attributes:
        lead: its name.
        rate: Hz.
        signal: mV; None where missing.
    """

    lead: str
    rate: float
    signal: Sequence[float | None]


@dataclass(frozen=True)
class LeftOut:
    """Something of the source that is in neither file."""

    what: str  # a record, or the class within the records that are in
    reason: str
    recordings: int = 0
    classes: Mapping[str, int] | None = None  # what it would have counted for
    failures: Sequence[Failure] = ()  # of quality control, lead by lead
    strip: Strip | None = None  # of a lead that failed


def summarise(
    parts: Sequence[Part], classes: Sequence[str], folds: Mapping[str, int], left_out: Sequence[LeftOut]
) -> dict:
    """Counts as plain data: {"splits": {...}, "folds": [...], "recordings": [...], "left_out": [...]}."""
    training = [part for part in parts if part.split != "test"]
    return {
        "splits": {split: _counts([p for p in parts if p.split == split], classes) for split in SPLITS},
        "folds": [
            {"fold": fold, **_counts([p for p in training if folds[p.group] == fold], classes)}
            for fold in sorted({folds[part.group] for part in training})
        ],
        "recordings": [
            {
                "name": part.name,
                "patient": part.group,
                "split": part.split,
                "fold": None if part.split == "test" else folds[part.group],
                "rows": len(part.target),
                "classes": _positives([part], classes),
            }
            for part in parts
        ],
        "left_out": [
            {
                "what": out.what,
                "reason": out.reason,
                "recordings": out.recordings,
                "classes": dict(out.classes or {}),
                "failures": [asdict(failure) for failure in out.failures],
                "strip": asdict(out.strip) if out.strip else None,
            }
            for out in left_out
        ],
    }


def _counts(parts: Sequence[Part], classes: Sequence[str]) -> dict:
    return {
        "recordings": len(parts),
        "patients": len({part.group for part in parts}),
        "rows": sum(len(part.target) for part in parts),
        "classes": _positives(parts, classes),
        "patients_with": {
            name: len({part.group for part in parts if (part.target[:, k] == 1).any()})
            for k, name in enumerate(classes)
        },
    }


def _positives(parts: Sequence[Part], classes: Sequence[str]) -> dict[str, int]:
    return {
        name: sum(int((part.target[:, k] == 1).sum()) for part in parts) for k, name in enumerate(classes)
    }
