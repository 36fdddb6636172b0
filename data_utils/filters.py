"""Filters that run forward and backward, so that no wave moves in time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import signal as dsp


def butterworth(
    signal: np.ndarray, rate: float, order: int, low: float, high: float, mirrored: float
) -> np.ndarray:
    """Band-pass, or high-pass where `high` is at or above half the rate.

    Args:
        signal: (S, ...) without gaps, filtered along the first axis.
        rate, low, high: Hz, `low` below half the rate.
        order: of one pass; two passes leave half of a wave at the edges (-6 dB).
        mirrored: s at both ends that are mirrored outwards, so that the filter has settled.
    """
    return _twice(_butterworth(order, low, high, rate), signal, mirrored * rate)


def notch(signal: np.ndarray, rate: float, centre: float, quality: float) -> np.ndarray:
    """Take out `centre` Hz, `centre / quality` Hz wide; signal (S, ...) without gaps."""
    return _twice(_notch(centre, quality, rate), signal, rate)


def _twice(sections: np.ndarray, signal: np.ndarray, mirrored: float) -> np.ndarray:
    return dsp.sosfiltfilt(sections, signal, axis=0, padlen=min(len(signal) - 1, round(mirrored)))


# Recordings are many and rates few.
@lru_cache(64)
def _butterworth(order: int, low: float, high: float, rate: float) -> np.ndarray:
    edges, kind = ((low, high), "bandpass") if high < rate / 2 else (low, "highpass")
    return dsp.butter(order, edges, kind, fs=rate, output="sos")


@lru_cache(64)
def _notch(centre: float, quality: float, rate: float) -> np.ndarray:
    return dsp.tf2sos(*dsp.iirnotch(centre, quality, fs=rate))
