"""One number that makes the probabilities of a fitted model say what they mean, without changing its ranking
of the classes of a row.

p = link(logits / T + offset), with T the minimiser of the negative log-likelihood of the validation rows
(Guo et al. 2017, "On Calibration of Modern Neural Networks"). Focal loss and resampling make a network less
sure than it is right, or more; what is left of that after T differs by class, and is what thresholds are for.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

# Separable rows want T = 0, logits that know nothing T = infinity: no validation side can tell as much.
LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(
    targets: np.ndarray, logits: np.ndarray, link: str, offset: np.ndarray | None = None
) -> float:
    """Return T, between 0.05 and 20; 1 where nothing is known.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown, which is left out; under softmax with its whole row.
        logits: (n, K).
        link: "softmax" or "sigmoid".
        offset: (K,), which T does not divide; None is 0.

    Example:
        >>> logits = np.full((4, 1), 2 * np.log(3.0))  # p 0.9, where three of four are positive
        >>> round(fit_temperature(np.array([[1], [1], [1], [0]]), logits, "sigmoid"), 3)
        2.0
    """
    known = targets != 255
    z = np.asarray(logits, np.float64)
    added = np.broadcast_to(0.0 if offset is None else offset, z.shape)
    if link == "softmax":
        rows = known.all(axis=1)
        true = targets[rows].argmax(axis=1)[:, None]
        margins, fixed = (
            values[rows] - np.take_along_axis(values[rows], true, axis=1) for values in (z, added)
        )
    else:
        margins, fixed = (
            np.stack([np.zeros(known.sum()), np.where(targets == 1, -values, values)[known]], axis=1)
            for values in (z, added)
        )
    if not len(margins):
        return 1.0
    return _minimise(margins, fixed)


def _minimise(margins: np.ndarray, fixed: np.ndarray) -> float:
    """T for margins (m, J): how far each answer's logit lies above that of the true one, itself included, and
    what comes on top of them (m, J) after T.
    """
    # Convex in 1 / T, so that a bounded search over log T cannot end beside the minimum.
    found = minimize_scalar(
        lambda log_t: logsumexp(margins / np.exp(log_t) + fixed, axis=1).mean(),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
