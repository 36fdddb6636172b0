"""Class shares as logits, and back: what a resampled stream or a weighted loss makes of how often classes
come.

Saerens et al. 2002, "Adjusting the outputs of a classifier to new a priori probabilities".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.decision import probabilities

# A class that never comes has no logit; one in a million is as good as never.
LEAST = 1e-6


def logits_of(shares: Sequence[float], link: str) -> np.ndarray:
    """Return logits (K,) float64 whose probabilities are the shares (K,), kept within [1e-6, 1 - 1e-6]."""
    pi = np.clip(np.asarray(shares, np.float64), LEAST, 1 - LEAST)
    return np.log(pi) if link == "softmax" else np.log(pi) - np.log1p(-pi)


def shifted_prior(shares: Sequence[float], shift: np.ndarray | None, link: str) -> tuple[float, ...]:
    """Return the probabilities (K,) of the shares' logits plus a shift (K,); None leaves them as they are.

    Example:
        >>> shifted_prior((0.9, 0.1), -np.log([0.9, 0.1]), "softmax")  # doctest: +ELLIPSIS
        (0.5..., 0.5...)
    """
    if shift is None:
        return tuple(shares)
    return tuple(probabilities((logits_of(shares, link) + shift)[None], link)[0].tolist())
