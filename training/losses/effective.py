"""The effective number of samples: each further row of a class adds less that is new.

E_n = (1 - b^n) / (1 - b): 1 at n = 1, n at b -> 1, and never more than 1 / (1 - b). Cui et al. 2019,
"Class-Balanced Loss Based on Effective Number of Samples".
"""

from __future__ import annotations

import numpy as np


def effective_weights(counts: np.ndarray, beta: float | np.ndarray) -> np.ndarray:
    """Return 1 / E_n of counts (K,) as float64; a count of 0 is taken as 1.

    Example:
        >>> effective_weights(np.array([1, 2]), 0.5)  # E_2 = 1 + 0.5
        array([1.        , 0.66666667])
    """
    n = np.maximum(np.asarray(counts, np.float64), 1.0)
    # By logarithms, because 1 - 0.9999^2 loses its digits otherwise.
    return np.asarray((1 - beta) / -np.expm1(n * np.log(np.maximum(beta, 1e-300))))
