"""Class-aware sampling: every class is drawn equally often."""

from __future__ import annotations

import numpy as np

from data_utils.samplers.draws import ClassDraws


class ClassAware(ClassDraws):
    """p_c uniform over the classes that the training side has (Kang et al. 2020, q = 0)."""

    def __init__(self, targets: np.ndarray) -> None:
        super().__init__(targets, power=0.0)
