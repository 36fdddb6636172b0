"""A scale and an offset for the logits of each class, so that its probabilities are frequencies.

sigmoid: logistic regression of each class on its own logit (Platt 1999), with his smoothed targets, which
keep the probabilities of separable classes off 0 and 1. softmax: all classes together (vector scaling, Guo et
al. 2017). A class of fewer than ten positives cannot bear two numbers of its own and keeps the one
temperature of all.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from training.temperature import HIGHEST, LOWEST, fit_temperature
from training.thresholds import FEWEST_POSITIVES

SCALES = (1 / HIGHEST, 1 / LOWEST)


def fit_platt(targets: np.ndarray, logits: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and offset (K,) of p = link(scale * logits + offset).

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown, which is left out; under softmax with its whole row.
        logits: (n, K).
        link: "softmax" or "sigmoid".
    """
    z = np.asarray(logits, np.float64)
    classes = z.shape[1]
    scale, offset = np.full(classes, 1 / fit_temperature(targets, z, link)), np.zeros(classes)
    fitted = ((targets == 1).sum(axis=0) >= FEWEST_POSITIVES) & (
        (targets == 0).sum(axis=0) >= FEWEST_POSITIVES
    )
    if link == "softmax":
        known = (targets != 255).all(axis=1)
        return _together(targets[known] == 1, z[known], scale, offset, np.flatnonzero(fitted))
    for k in np.flatnonzero(fitted):
        known = targets[:, k] != 255
        scale[k], offset[k] = _one(targets[known, k] == 1, z[known, k], scale[k])
    return scale, offset


def _one(positive: np.ndarray, z: np.ndarray, start: float) -> tuple[float, float]:
    found, absent = positive.sum(), (~positive).sum()
    wanted = np.where(positive, (found + 1) / (found + 2), 1 / (absent + 2))

    def cost(point: np.ndarray) -> tuple[float, np.ndarray]:
        a = point[0] * z + point[1]
        error = expit(a) - wanted
        return float(np.mean(np.logaddexp(0, a) - wanted * a)), np.array([(error * z).mean(), error.mean()])

    best = minimize(cost, [start, 0.0], jac=True, method="L-BFGS-B", bounds=[SCALES, (None, None)])
    return float(best.x[0]), float(best.x[1])


def _together(
    positive: np.ndarray, z: np.ndarray, scale: np.ndarray, offset: np.ndarray, fitted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    size = len(fitted)
    if not size:
        return scale, offset

    def applied(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a, b = scale.copy(), offset.copy()
        a[fitted], b[fitted] = point[:size], point[size:]
        return a, b

    def cost(point: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = applied(point)
        log_p = log_softmax(a * z + b, axis=1)
        error = (np.exp(log_p) - positive)[:, fitted] / len(z)
        return float(-log_p[positive].mean()), np.concatenate(
            [(error * z[:, fitted]).sum(axis=0), error.sum(axis=0)]
        )

    start = np.concatenate([scale[fitted], offset[fitted]])
    bounds = [SCALES] * size + [(None, None)] * size
    return applied(minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds).x)
