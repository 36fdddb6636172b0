"""From logits to probabilities to decisions, in one place: what a run measures is what a served model does.

link: softmax (one class is true) or sigmoid (each class against the rest), of the logits as the model's
calibration has them, which `training.rule` fits once a run is over. While it trains they are as they are.
Decision: multi-label, positive where p >= threshold; multi-class, the class with the largest p /
threshold. In the second only the ratios of thresholds matter, and equal thresholds are the plain argmax.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# A probability below this is ranked by its logit no more; it keeps p / threshold and log p finite.
TINY = 1e-30

NEUTRAL = 0.5


def probabilities(
    logits: np.ndarray,
    link: str,
    temperature: float = 1.0,
    scale: np.ndarray | float = 1.0,
    offset: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Return p (n, K) float64 of logits (n, K): the link of scale * logits / temperature + offset.

    Raises:
        ValueError: a link of another name.
    """
    z = np.asarray(logits, np.float64) / temperature * scale + offset
    if link == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if link == "sigmoid":
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, e) / (1.0 + e)
    raise ValueError(f"The link is {link!r}; it must be softmax or sigmoid.")


def card_probabilities(logits: np.ndarray, card: Mapping) -> np.ndarray:
    """Return p (n, K) of logits (n, K) as the card of their model calibrates them."""
    by_class = card.get("calibration") or {"scale": {}, "offset": {}}
    scale = np.array([by_class["scale"].get(name, 1.0) for name in card["classes"]])
    offset = np.array([by_class["offset"].get(name, 0.0) for name in card["classes"]])
    return probabilities(logits, card["link"], card["temperature"], scale, offset)


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
