"""White noise for training examples, faster than drawing it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_SIZE = 1 << 18


def white_noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> np.ndarray:
    """`shape` float32 of N(0, sigma²); maybe a view that cannot be written to.

    Drawing 60,000 normal numbers takes twice as long as reading a window of 5000 x 12. So it is a stretch of
    numbers that are drawn once, the same in every process, from a place that `rng` says. What would take more
    than half of them is drawn.
    """
    size = int(np.prod(shape))
    if size > _SIZE // 2:
        return np.float32(sigma) * rng.standard_normal(shape, dtype=np.float32)
    begin = int(rng.integers(_SIZE - size))
    return _drawn_once(float(sigma))[begin : begin + size].reshape(shape)


@lru_cache(4)
def _drawn_once(sigma: float) -> np.ndarray:
    # Scaled here, because another pass over a window would cost a tenth of reading it.
    drawn = np.float32(sigma) * np.random.default_rng(0).standard_normal(_SIZE, dtype=np.float32)
    drawn.flags.writeable = False
    return drawn
