"""Morphology in numbers: 36 features of each lead's window, for boosting and for a network's second branch.

The window is the one that the model sees, in mV, before any scaling; what of it is not known reads as 0.
"""

from __future__ import annotations

import numpy as np

FEATURES = ("none", "morphology")
SEGMENTS = 5
# A peak is a local maximum at least this many deviations of the window above its mean.
_PEAK = 0.5
_TINY = 1e-6

_WHOLE = (
    "mean",  # mV
    "std",  # mV
    "variance",  # mV^2
    "median",  # mV
    "mad",  # mV, median distance from the median
    "skewness",
    "kurtosis",  # 3 for a normal distribution
    "max",  # mV
    "min",  # mV
    "range",  # mV
    "interquartile",  # mV
    "energy",  # mV^2 s
    "power",  # mV^2
    "rms",  # mV
    "zero_crossings",  # per s
    "mean_crossings",  # per s
    "crest",  # largest distance from the mean / std
    "peaks",  # per s
    "r_amplitude",  # mV above the median, of the sample that is farthest from it
    "r_position",  # share of the window that lies before that sample
    "area",  # mV s, of the absolute value
)


_OF_SEGMENT = ("mean", "std", "area")  # mV, mV, mV s; segment 1 is the first fifth of the window


def feature_names(leads: tuple[str, ...]) -> tuple[str, ...]:
    """Names of what `morphology` gives: 36 of each lead, such as "MLII_kurtosis"."""
    segments = [f"{name}_{k + 1}" for k in range(SEGMENTS) for name in _OF_SEGMENT]
    return tuple(f"{lead}_{name}" for lead in leads for name in (*_WHOLE, *segments))


def morphology(signal: np.ndarray, rate: float) -> np.ndarray:
    """Features of windows.

    Args:
        signal: (B, T, C) mV.
        rate: Hz.
    Returns:
        (B, 36 C) float32 in the order of `feature_names`; finite, also of flat windows.
    """
    x = np.moveaxis(signal, 2, 1).astype(np.float64)  # (B, C, T)
    columns = [*_whole(x, rate), *_segments(x, rate)]
    return np.stack(columns, axis=2).reshape(len(signal), -1).astype(np.float32)


def _whole(x: np.ndarray, rate: float) -> list[np.ndarray]:
    """The features `_WHOLE`, (B, C) each, of (B, C, T)."""
    seconds = x.shape[2] / rate
    low, median, high = np.percentile(x, (25, 50, 75), axis=2)
    mean, std = x.mean(axis=2), x.std(axis=2)
    centred = x - mean[..., None]
    spread = np.maximum(std, _TINY)
    distance = np.abs(x - median[..., None])
    r = distance.argmax(axis=2)
    power = (x**2).mean(axis=2)
    return [
        mean,
        std,
        std**2,
        median,
        np.median(distance, axis=2),
        (centred**3).mean(axis=2) / spread**3,
        (centred**4).mean(axis=2) / spread**4,
        x.max(axis=2),
        x.min(axis=2),
        np.ptp(x, axis=2),
        high - low,
        power * seconds,
        power,
        np.sqrt(power),
        _crossings(x) / seconds,
        _crossings(centred) / seconds,
        np.abs(centred).max(axis=2) / spread,
        _peaks(centred, std) / seconds,
        np.take_along_axis(x, r[..., None], axis=2)[..., 0] - median,
        r / x.shape[2],
        np.abs(x).sum(axis=2) / rate,
    ]


def _segments(x: np.ndarray, rate: float) -> list[np.ndarray]:
    """Mean, deviation and area of each fifth, (B, C) each; a window of fewer samples repeats some."""
    edges = np.linspace(0, x.shape[2], SEGMENTS + 1)
    columns = []
    for begin, end in zip(np.floor(edges).astype(int), np.ceil(edges[1:]).astype(int), strict=False):
        part = x[..., begin:end]
        columns += [part.mean(axis=2), part.std(axis=2), np.abs(part).sum(axis=2) / rate]
    return columns


def _crossings(x: np.ndarray) -> np.ndarray:
    """(B, C) how often the sign changes; 0 counts as positive."""
    above = x >= 0
    return (above[..., 1:] != above[..., :-1]).sum(axis=2)


def _peaks(centred: np.ndarray, std: np.ndarray) -> np.ndarray:
    """(B, C) local maxima that stand out of the window."""
    middle = centred[..., 1:-1]
    local = (middle > centred[..., :-2]) & (middle >= centred[..., 2:])
    return (local & (middle > np.maximum(_PEAK * std, _TINY)[..., None])).sum(axis=2)
