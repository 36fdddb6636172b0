"""Expected improvement in its logarithm, which still tells points apart where nothing is expected any more.

Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization", NeurIPS 2023.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx, ndtr

LOG_ROOT_2PI = 0.5 * np.log(2.0 * np.pi)
FAR = 1e3  # deviations beyond which rounding would leave nothing of the bracket below


def log_expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: np.ndarray | float) -> np.ndarray:
    """log E[max(best - Y, 0)] for Y normal with `mean` and `deviation`, elementwise.

    >>> round(float(np.exp(log_expected_improvement(np.array([0.0]), np.array([1.0]), 0.0))[0]), 4)
    0.3989
    """
    z = (best - mean) / deviation
    density = -0.5 * z * z - LOG_ROOT_2PI
    near = np.log(np.maximum(np.exp(density) + z * ndtr(z), 1e-300))
    below = np.maximum(-z, 1.0)
    # E = density * (1 - |z| Mills(|z|)); far out 1 / z^2 is what is left of the bracket.
    bracket = 1.0 - below * np.sqrt(np.pi / 2.0) * erfcx(below / np.sqrt(2.0))
    far = density + np.log(np.where(below < FAR, bracket, below**-2.0))
    return np.log(deviation) + np.where(z > -1.0, near, far)
