"""The dynamical model, against the paper's own three equations solved by scipy."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from data_utils.ecgsyn import ecg

RATE = 256.0
# Table I of McSharry et al. 2003: P Q R S T.
THETA = np.pi * np.array([-1 / 3, -1 / 12, 0, 1 / 12, 1 / 2])
A = np.array([1.2, -5.0, 30.0, -7.5, 0.75])
B = np.array([0.25, 0.1, 0.1, 0.1, 0.4])


def _paper(seconds: float) -> np.ndarray:
    """z(t) of the three-dimensional system at 60 beats a minute, on the limit cycle from theta = -pi."""
    omega = 2 * np.pi

    def motion(_: float, state: np.ndarray) -> list[float]:
        x, y, z = state
        alpha = 1 - np.hypot(x, y)
        delta = (np.arctan2(y, x) - THETA + np.pi) % (2 * np.pi) - np.pi
        push = -np.sum(A * delta * np.exp(-(delta**2) / (2 * B**2)))
        return [alpha * x - omega * y, alpha * y + omega * x, push - z]

    times = np.arange(round(seconds * RATE)) / RATE
    return solve_ivp(motion, (0, seconds), [-1.0, 0.0, 0.0], t_eval=times, max_step=1e-3).y[2]


def test_follows_the_papers_equations() -> None:
    seconds = 6
    omega = 2 * np.pi
    waves = np.stack([A * B**2 / omega, THETA / omega, B / omega], axis=1)
    beats = (np.arange(seconds) + 0.5) * RATE
    ours = ecg(beats.astype(int), np.tile(waves, (seconds, 1, 1)), np.zeros(int(seconds * RATE)), RATE)
    paper = _paper(seconds)
    # The paper's waves reach around the whole cycle, ours end at 0.45 s and 0.75 s.
    inner = slice(int(RATE), int((seconds - 1) * RATE))
    assert np.corrcoef(ours[inner], paper[inner])[0, 1] > 0.999
    assert abs(ours[inner].max() / paper[inner].max() - 1) < 0.02


def test_a_wave_has_its_height_and_place_at_any_heart_rate() -> None:
    for interval in (0.5, 1.0):
        beats = (np.arange(1, 8) * interval * 360).astype(int)
        waves = np.tile([[[1.2, 0.05, 0.02]]], (len(beats), 1, 1))
        signal = ecg(beats, waves, np.zeros(int(9 * interval * 360)), 360.0)
        around = signal[beats[3] - 40 : beats[3] + 60]
        assert abs(int(around.argmax()) - 40 - 18) <= 1  # 0.05 s at 360 Hz
        assert abs(around.max() - np.median(signal) - 1.2) < 0.1


def test_without_beats_nearby_z_relaxes_to_the_baseline() -> None:
    signal = ecg(np.array([10]), np.array([[[1.0, 0.0, 0.02]]]), np.full(3600, 0.3), 360.0)
    assert abs(signal[-1] - 0.3) < 1e-3
