"""The dynamical model of the ECG: McSharry, Clifford, Tarassenko and Smith 2003, A dynamical model for
generating synthetic electrocardiogram signals, IEEE Trans Biomed Eng 50:289-294.

    x' = (1 - r) x - w y,  y' = (1 - r) y + w x,  r = sqrt(x^2 + y^2)
    z' = - sum_i a_i (theta - theta_i) exp(-(theta - theta_i)^2 / (2 b_i^2)) - (z - z0(t))

The trajectory is started on its limit cycle r = 1, which attracts, so the angle theta is the integral of w
alone, and what is left, z', is linear and is solved interval by interval. Every beat may
have waves of its own and its own angular velocity w = 2 pi / RR; a wave is given by its height in mV, its
place and its width in seconds, and turned into the model's a_i, theta_i and b_i by that w.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

# Where a beat's waves are summed, in seconds around its R peak; beyond, their Gaussians have died out.
_REACH = (-0.45, 0.75)


def ecg(beats: np.ndarray, waves: np.ndarray, baseline: np.ndarray, rate: float) -> np.ndarray:
    """Solve the model for given beats.

    Args:
        beats: (n,) samples of the R peaks, ascending.
        waves: (n, W, 3) of each beat: height (mV), place relative to the R peak (s), width b_i / w (s).
        baseline: (S,) z0, mV, to which z relaxes.
        rate: Hz.
    Returns:
        (S,) float64, mV.
    """
    omega = 2 * np.pi / np.clip(np.diff(beats, append=beats[-1] + rate) / rate, 0.3, 2.0)  # (n,) rad/s
    forcing = np.zeros(len(baseline))
    offsets = np.arange(int(_REACH[0] * rate), int(_REACH[1] * rate))
    where = beats[:, None] + offsets  # (n, L)
    inside = (where >= 0) & (where < len(baseline))
    np.add.at(forcing, where[inside], _push(omega, waves, offsets / rate)[inside])
    return _relax(forcing + baseline, rate)


def _push(omega: np.ndarray, waves: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """(n, L) what the waves of each beat add to z'."""
    height, place, width = waves[..., 0], waves[..., 1], waves[..., 2]  # (n, W)
    b = omega[:, None] * width
    a = height * omega[:, None] / b**2  # so that the wave's peak is `height`
    theta = omega[:, None] * seconds  # (n, L)
    push = np.zeros_like(theta)
    for i in range(waves.shape[1]):
        delta = theta - (omega * place[:, i])[:, None]
        push -= a[:, i, None] * delta * np.exp(-(delta**2) / (2 * b[:, i, None] ** 2))
    return push


def _relax(drive: np.ndarray, rate: float) -> np.ndarray:
    """Solve z' = drive - z; the drive over a sampling interval is the mean of its two ends."""
    decay = np.exp(-1 / rate)
    share = (1 - decay) / 2
    return lfilter([share, share], [1, -decay], drive)
