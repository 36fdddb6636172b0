"""Square-root sampling: a class is drawn in proportion to the square root of its count."""

from __future__ import annotations

import numpy as np

from data_utils.samplers.draws import ClassDraws


class SquareRoot(ClassDraws):
    """p_c ~ n_c^0.5 (Kang et al. 2020)."""

    def __init__(self, targets: np.ndarray) -> None:
        super().__init__(targets, power=0.5)
