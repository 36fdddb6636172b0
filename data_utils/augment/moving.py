"""Time warp and shift: where in the example each sample is read from."""

from __future__ import annotations

import numpy as np


def moved(signal: np.ndarray, lengths: np.ndarray, speed: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(B, T, C) of `signal`, played at `speed` about its middle and then moved `shift` samples to the right.

    Between samples it is interpolated linearly; beyond its edges the first or last sample is repeated.

    Args:
        signal: (B, T, C); what lies behind an example's length is padding, and stays 0.
        lengths: (B,) samples of each example.
        speed: (B,) 1 leaves it.
        shift: (B,) whole samples.
    """
    time = np.arange(signal.shape[1], dtype=np.float32)
    middle = ((lengths - 1) / 2).astype(np.float32)[:, None]
    where = middle + (time - shift[:, None] - middle) * speed[:, None].astype(np.float32)  # (B, T)
    where = np.clip(where, 0, lengths[:, None] - 1)
    before = np.floor(where).astype(np.int64)
    example = np.arange(len(signal))[:, None]
    out = signal[example, before]
    if (speed != 1).any():
        after = np.minimum(before + 1, lengths[:, None] - 1)
        share = (where - before).astype(np.float32)[..., None]
        out += share * (signal[example, after] - out)
    out[time >= lengths[:, None]] = 0.0
    return out
