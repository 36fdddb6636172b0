"""One recording as its file holds it, in mV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_utils.errors import BadRecord

_IN_MILLIVOLTS = {"mv": 1.0, "millivolt": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "microvolt": 1e-3}
_IN_MILLIVOLTS |= {"nv": 1e-6, "v": 1e3, "volt": 1e3}


@dataclass(frozen=True, eq=False)
class Signal:
    """Samples (S, C) in mV, NaN where missing, their rate in Hz, and the names of the C leads.

    Attributes:
        others: signals of the file that were not read, each with the unit or the rate that sets it apart.
    """

    samples: np.ndarray
    rate: float
    leads: tuple[str, ...]
    others: tuple[str, ...] = ()


def is_voltage(unit: str) -> bool:
    """Whether `in_millivolts` takes it."""
    return unit.strip().casefold() in _IN_MILLIVOLTS


def in_millivolts(samples: np.ndarray, units: Sequence[str]) -> np.ndarray:
    """(S, C) float64 mV.

    Args:
        samples: (S, C).
        units: of each of the C columns: mV, uV, µV, nV or V.
    Raises:
        BadRecord: another unit.
    """
    unknown = sorted({unit for unit in units if not is_voltage(unit)})
    if unknown:
        raise BadRecord(f"in {', '.join(unknown)}, which is no voltage (mV, uV, nV and V are)")
    return samples * np.array([_IN_MILLIVOLTS[unit.strip().casefold()] for unit in units])
