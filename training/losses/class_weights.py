"""Weights of classes by how rare they are: the field's formulas by name, or a given map.

With n_c positives of class c, N rows and K classes:

inverse    N / n_c
balanced   N / (K n_c), scikit-learn's
negatives  (N - n_c) / n_c, the usual weight of positives one-vs-rest
majority   n_max / n_c
effective  (1 - b) / (1 - b^n_c) with b = 1 - 1/N (Cui et al. 2019; another b: the loss class_balanced);
           under sigmoid over the same of the class's negatives
power      n_c^-q, q being `weight_power`; under sigmoid (negatives / positives)^q

Under softmax weights are scaled so that the mean weight of the training rows is 1; inverse, balanced,
majority and power 1 are then one and the same. Under sigmoid they are those of positives against
negatives of weight 1, and nothing is scaled. A class without positives weighs 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from data_utils.errors import BadInput
from training.losses.counts import ClassCounts
from training.losses.effective import effective_weights

HYPERPARAMETERS = {
    "class_weights": {
        "type": "str",
        "default": "power",
        "meaning": "inverse (N/n), balanced (N/Kn), negatives ((N-n)/n), majority (n_max/n), effective "
        "(number of samples), power (n^-weight_power), or weights by class such as S=8,V=2, the "
        "others being 1.",
    },
    "weight_power": {
        "type": "float",
        "default": 0.5,
        "min": 0.0,
        "max": 2.0,
        "meaning": "Power q of class weights n_c^-q: 0 is plain cross-entropy, 1 balances the classes.",
        "active": {"class_weights": ["power"]},
    },
    "weight_cap": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 1.0e6,
        "meaning": "Largest weight of a class, 10 to 50 where the rarest classes make training jump; 0 caps "
        "none.",
    },
}


def class_weights(counts: ClassCounts, hp: Mapping, link: str) -> np.ndarray:
    """Return the weight of each class's positives (K,), float32.

    Args:
        counts: of the training side.
        hp: class_weights, weight_power, weight_cap.
        link: "softmax" or "sigmoid".

    Raises:
        BadInput: a formula that is not known, or a map that cannot be read.

    Example:
        >>> counts = ClassCounts(np.array([90, 10]), np.array([10, 90]))
        >>> hp = {"class_weights": "balanced", "weight_cap": 0.0}
        >>> class_weights(counts, hp, "softmax")
        array([0.5555556, 5.       ], dtype=float32)
    """
    if "=" in hp["class_weights"]:
        weights = _given(hp["class_weights"], counts.classes)
    else:
        weights = _by_formula(counts, hp, link)
        weights = np.where(counts.positives > 0, weights, 1.0)
    return np.minimum(weights, hp["weight_cap"] or np.inf).astype("float32")


def _by_formula(counts: ClassCounts, hp: Mapping, link: str) -> np.ndarray:
    if hp["class_weights"] == "power":
        return _power(counts, hp["weight_power"], link)
    if hp["class_weights"] == "effective":
        return _effective(counts, link)
    if hp["class_weights"] not in _FORMULAS:
        raise BadInput(
            f"class_weights is {hp['class_weights']!r}: take power, {', '.join(_FORMULAS)}, effective, or "
            "weights by class such as S=8,V=2."
        )
    positives = np.maximum(counts.positives, 1).astype("float64")
    rows = (counts.positives + counts.negatives).astype("float64")
    weights = _FORMULAS[hp["class_weights"]](positives, rows)
    return _scaled(weights, counts) if link == "softmax" else weights


_FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "inverse": lambda n, rows: rows / n,
    "balanced": lambda n, rows: rows / (len(n) * n),
    "negatives": lambda n, rows: np.maximum(rows - n, 1) / n,
    "majority": lambda n, rows: n.max() / n,
}


def _power(counts: ClassCounts, power: float, link: str) -> np.ndarray:
    positives = np.maximum(counts.positives, 1).astype("float64")
    if link == "softmax":
        return _scaled(positives**-power, counts)
    return (np.maximum(counts.negatives, 1) / positives) ** power


def _effective(counts: ClassCounts, link: str) -> np.ndarray:
    beta = 1 - 1 / np.maximum(counts.positives + counts.negatives, 1).astype("float64")
    weights = effective_weights(counts.positives, beta)
    if link == "softmax":
        return _scaled(weights, counts)
    return weights / effective_weights(counts.negatives, beta)


def _scaled(weights: np.ndarray, counts: ClassCounts) -> np.ndarray:
    """So that the mean weight of the training rows is 1."""
    return weights * (counts.positives.sum() / (counts.positives @ weights))


def _given(text: str, classes: tuple[str, ...]) -> np.ndarray:
    weights = dict.fromkeys(classes, 1.0)
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        weight = _number(number)
        if name not in weights or not 0 <= weight < math.inf:
            raise BadInput(
                f"class_weights is {text!r}, of which {part.strip()!r} is no weight of a class: write "
                f"CLASS=NUMBER, the classes being {', '.join(classes)}."
            )
        weights[name] = weight
    return np.array(list(weights.values()))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
