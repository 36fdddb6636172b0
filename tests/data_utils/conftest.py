"""A dataset small enough to know every number of it by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_utils.write import BeatRows, Description, writing

# name, patient, split, fold, samples, beats, classes
RECORDINGS = (
    ("a", "anna", "train", 0, 100, (10, 50, 95), (0, 1, 0)),
    ("b", "bert", "train", 1, 60, (2, 30), (0, 2)),
    ("c", "cleo", "validation", 2, 80, (40, 79), (0, 1)),
    ("d", "dora", "test", None, 50, (20,), (2,)),
)


def description(**changes: object) -> Description:
    values = {
        "task": "multiclass",
        "classes": ("N", "S", "V"),
        "class_names": ("Normal", "Supraventricular", "Ventricular"),
        "leads": ("MLII",),
        "rate": 10.0,
        "covariates": ("rr",),
        "source": "by hand",
        "licence": "none",
        "simulated": False,
        "groups_known": True,
        "preparation": {"filter": "none"},
    }
    return Description(**values | changes)


def signal(name: str, length: int) -> np.ndarray:
    """(length, 1) mV: the recording's number before the point, a ramp behind it; exact in float16."""
    number = "abcd".index(name) + 1
    return (number + np.arange(length) / 256)[:, None]


def write_by_hand(path: Path, **changes: object) -> Path:
    with writing(path, description(**changes)) as writer:
        for name, patient, split, _, length, beats, classes in RECORDINGS:
            rows = BeatRows(
                np.array(beats),
                np.eye(3, dtype=np.uint8)[list(classes)],
                np.array(beats, np.float32)[:, None] / 10,
            )
            writer.add(name, patient, split, signal(name, length), rows)
        writer.finish({"anna": 0, "bert": 1, "cleo": 2})
    return path


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    return write_by_hand(tmp_path / "hand.h5")


@pytest.fixture
def describe() -> Callable[..., Description]:
    """Makes a description; what is named differs from the one by hand."""
    return description
