"""Two detectors of QRS complexes that work on different grounds, so that their agreement tells of quality."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy import signal as dsp

from data_utils.filters import butterworth

SLOWEST = 30.0  # Hz; below, the bands of the detectors do not fit
_REFRACTORY = 0.25  # s
# How much of the usual height of the energy around it a complex must reach.
_HEIGHT = 0.3
_BLOCK = 2.0  # s, always holds a beat at 30/min or more
_MIRRORED = 1.0  # s


def energy_beats(signal: np.ndarray, rate: float) -> list[np.ndarray]:
    """QRS complexes by the energy of the slope: 5-15 Hz, derivative, square, 150 ms mean.

    After Pan and Tompkins 1985 (IEEE Trans Biomed Eng 32:230), with a threshold from the heights in the
    seconds around instead of running estimates.

    Args:
        signal: (S, C) mV, without gaps, a second or more.
        rate: Hz, `SLOWEST` or more.
    Returns:
        C times (n,) int64 samples.
    """
    slope = np.gradient(butterworth(signal, rate, 2, 5.0, 15.0, _MIRRORED), axis=0)
    energy = ndimage.uniform_filter1d(slope**2, max(1, round(0.15 * rate)), axis=0)
    return [_peaks(lead, rate) for lead in energy.T]


def average_beats(signal: np.ndarray, rate: float) -> list[np.ndarray]:
    """QRS complexes where a moving average of 97 ms exceeds one of 611 ms, a beat's length: 8-20 Hz, square.

    After Elgendi 2013 (PLoS ONE 8:e73557).

    Args, Returns: as `energy_beats`.
    """
    power = butterworth(signal, rate, 2, 8.0, 20.0, _MIRRORED) ** 2
    short = ndimage.uniform_filter1d(power, max(1, round(0.097 * rate)), axis=0)
    long = ndimage.uniform_filter1d(power, max(1, round(0.611 * rate)), axis=0)
    inside = short > long + 0.08 * power.mean(axis=0)
    return [_highest(lead, there, rate) for lead, there in zip(power.T, inside.T, strict=True)]


def agreement(one: np.ndarray, other: np.ndarray, tolerance: float) -> float:
    """Share of all beats (n,), (m,) that both detectors found, at most `tolerance` samples apart.

    The bSQI of Li, Mark and Clifford 2008 (Physiol Meas 29:15); 0 where a detector found none.
    """
    if not len(one) or not len(other):
        return 0.0
    both = min(_near(one, other, tolerance), _near(other, one, tolerance))
    return both / (len(one) + len(other) - both)


def _peaks(energy: np.ndarray, rate: float) -> np.ndarray:
    block = max(1, round(_BLOCK * rate))
    heights = np.maximum.reduceat(energy, np.arange(0, len(energy), block))
    usual = ndimage.median_filter(heights, 5, mode="nearest")
    threshold = np.interp(np.arange(len(energy)), (np.arange(len(usual)) + 0.5) * block, usual) * _HEIGHT
    return dsp.find_peaks(
        energy, height=np.maximum(threshold, 1e-12), distance=max(1, round(_REFRACTORY * rate))
    )[0]


def _highest(power: np.ndarray, inside: np.ndarray, rate: float) -> np.ndarray:
    """The highest sample of every stretch that is long enough and not too near to the one before."""
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    beats: list[int] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin < 0.097 * rate:
            continue
        peak = int(begin) + int(power[begin:end].argmax())
        if not beats or peak - beats[-1] > _REFRACTORY * rate:
            beats.append(peak)
    return np.array(beats, np.int64)


def _near(one: np.ndarray, other: np.ndarray, tolerance: float) -> int:
    """How many of `one` have a beat of `other` near."""
    after = np.searchsorted(other, one)
    ends = np.concatenate([[-np.inf], other, [np.inf]])
    return int((np.minimum(ends[after + 1] - one, one - ends[after]) <= tolerance).sum())
