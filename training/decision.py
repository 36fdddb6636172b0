"""From logits to probabilities to decisions, in one place: what a run measures is what a served model does.

link: softmax (one class is true) or sigmoid (each class against the rest), of the logits divided by the
model's temperature, which `training.temperature` fits once a run is over. While it trains that is 1.
Decision: multi-label, positive where p >= threshold; multi-class, the class with the largest p /
threshold. In the second only the ratios of thresholds matter, and equal thresholds are the plain argmax.
"""

from __future__ import annotations

import numpy as np

# A probability below this is ranked by its logit no more; it keeps p / threshold and log p finite.
TINY = 1e-30

NEUTRAL = 0.5


def probabilities(logits: np.ndarray, link: str, temperature: float = 1.0) -> np.ndarray:
    """Return p (n, K) float64 of logits (n, K).

    Raises:
        ValueError: a link of another name.
    """
    z = np.asarray(logits, np.float64) / temperature
    if link == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if link == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, e) / (1.0 + e)
    raise ValueError(f"The link is {link!r}; it must be softmax or sigmoid.")


def neutral_thresholds(classes: int) -> np.ndarray:
    """Return thresholds (K,) of one half: p >= 0.5, or the plain argmax."""
    return np.full(classes, NEUTRAL)


def decide(p: np.ndarray, thresholds: np.ndarray, task: str) -> np.ndarray:
    """Return decisions (n, K) bool; under "multiclass" exactly one a row.

    Args:
        p: probabilities (n, K).
        thresholds: (K,), above 0.
        task: "multiclass" or "multilabel".
    """
    if task == "multilabel":
        return p >= thresholds
    chosen = np.argmax(p / thresholds, axis=1)
    return chosen[:, None] == np.arange(p.shape[1])
