"""Thresholds that are best for a criterion on a validation side, and how patients are dealt to judge them.

Candidates are the points of the precision-recall curve, so nothing is lost to a grid: with rare classes
the best threshold often lies below 0.1 (Ribeiro et al. 2020 report 0.05 to 0.39).
"""

from __future__ import annotations

import numpy as np

from training.criteria import F1, Criterion
from training.decision import NEUTRAL, TINY, decide, neutral_thresholds

# Below this many positives the best point of a curve is an accident of the few.
FEWEST_POSITIVES = 10
# Coordinates are improved in turn until none gains; in practice two or three rounds.
MOST_ROUNDS = 10
CROSS_FITTING_PARTS = 5


def fit_thresholds(targets: np.ndarray, p: np.ndarray, task: str, criterion: Criterion = F1) -> np.ndarray:
    """Return thresholds (K,) that are best for each class (multi-label) or for their mean (multi-class).

    Classes with fewer than 10 positives are not fitted: under "multilabel" they take the threshold that is
    best for all classes pooled, under "multiclass" the neutral one.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown, which is left out.
        p: probabilities (n, K).
        task: "multiclass" or "multilabel".
        criterion: what is maximised.
    """
    enough = (targets == 1).sum(axis=0) >= FEWEST_POSITIVES
    if task == "multilabel":
        return _one_by_one(targets, p, enough, criterion)
    known = (targets != 255).all(axis=1)
    return _together(targets[known] == 1, p[known], np.flatnonzero(enough), criterion)


def _one_by_one(targets: np.ndarray, p: np.ndarray, enough: np.ndarray, criterion: Criterion) -> np.ndarray:
    known = targets != 255
    pooled = best_threshold(targets[known] == 1, p[known], criterion)
    return np.array(
        [
            best_threshold(targets[known[:, k], k] == 1, p[known[:, k], k], criterion)
            if enough[k]
            else pooled
            for k in range(p.shape[1])
        ]
    )


def best_threshold(positive: np.ndarray, p: np.ndarray, criterion: Criterion = F1) -> float:
    """Return the point of the precision-recall curve that is best; one half without positives.

    Args:
        positive: (n,) bool.
        p: (n,) probabilities.
        criterion: what is maximised.

    Example:
        >>> best_threshold(np.array([True, True, False, False]), np.array([0.9, 0.2, 0.3, 0.1]))
        0.2
    """
    if not positive.any():
        return NEUTRAL
    order = np.argsort(-p, kind="stable")
    ranked = p[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    found = np.cumsum(positive[order])[ends]
    worth = criterion.score(found, ends + 1, positive.sum(), len(p))
    return float(max(ranked[ends[np.argmax(worth)]], TINY))


def _together(positive: np.ndarray, p: np.ndarray, fitted: np.ndarray, criterion: Criterion) -> np.ndarray:
    """Coordinate ascent on the mean worth of the fitted classes, starting from the plain argmax."""
    thresholds = neutral_thresholds(p.shape[1])
    log_p = np.log(np.maximum(p, TINY))
    best = -np.inf
    for _ in range(MOST_ROUNDS):
        before = best
        for k in fitted:
            thresholds[k], best = _best_coordinate(positive, log_p, thresholds, k, fitted, criterion)
        if best <= before + 1e-12:
            break
    # Only ratios matter; the largest reads as one half.
    return thresholds * NEUTRAL / thresholds.max()


def _best_coordinate(
    positive: np.ndarray,
    log_p: np.ndarray,
    thresholds: np.ndarray,
    k: int,
    fitted: np.ndarray,
    criterion: Criterion,
) -> tuple[float, float]:
    """Return the threshold of class k that is best beside the others, and the mean worth it gives.

    With the others held, a row goes to k when p_k / t_k is larger than the largest p_j / t_j of the
    others, that is when t_k is below their ratio. Sorted by that ratio, every prefix of the rows is one
    candidate.
    """
    others = log_p - np.log(thresholds)
    others[:, k] = -np.inf
    rival = np.argmax(others, axis=1)
    ratio = log_p[:, k] - others[np.arange(len(log_p)), rival]
    order = np.argsort(-ratio, kind="stable")
    ratio, rival, truth = ratio[order], rival[order], positive[order]

    scores = np.zeros(len(ratio) + 1)
    for j in fitted:
        # Rows decided as j after the first 0, 1, ... n rows have gone to k.
        theirs = np.ones(len(ratio), bool) if j == k else rival == j
        moved = np.concatenate([[0], np.cumsum(theirs)])
        right = np.concatenate([[0], np.cumsum(theirs & truth[:, j])])
        decided, found = (moved, right) if j == k else (moved[-1] - moved, right[-1] - right)
        scores += criterion.score(found, decided, truth[:, j].sum(), len(truth))
    return _choose(scores / len(fitted), ratio, thresholds[k])


def _choose(scores: np.ndarray, ratio: np.ndarray, now: float) -> tuple[float, float]:
    # A threshold cannot part rows of equal ratio. Between two rows it lies midway, so that no tie is decided
    # by rounding.
    possible = np.concatenate([[True], ratio[1:] != ratio[:-1], [True]])
    current = np.searchsorted(-ratio, -np.log(now), side="left")
    scores = np.where(possible, scores, -np.inf)
    best = int(np.argmax(scores))
    if scores[best] <= scores[current] + 1e-12:
        return now, float(scores[current])
    padded = np.concatenate([[ratio[0] + 2.0], ratio, [ratio[-1] - 2.0]])
    return float(np.exp((padded[best] + padded[best + 1]) / 2)), float(scores[best])


def deal_patients(targets: np.ndarray, groups: np.ndarray, seed: int = 0) -> np.ndarray | None:
    """Return the part (n,) of each row's patient, of five parts or as many as there are patients; None for
    one.

    Those patients are dealt first who hold the largest share of any class's positives, so that the parts are
    alike.
    """
    patients, index = np.unique(groups, return_inverse=True)
    if len(patients) < 2:
        return None
    return _deal(targets, index, len(patients), min(CROSS_FITTING_PARTS, len(patients)), seed)[index]


def decide_others(
    targets: np.ndarray, p: np.ndarray, part: np.ndarray, task: str, criterion: Criterion = F1
) -> np.ndarray:
    """Return decisions (n, K) bool of each part under thresholds fitted on the other parts."""
    decisions = np.zeros(p.shape, bool)
    for held_out in np.unique(part):
        inside = part == held_out
        thresholds = fit_thresholds(targets[~inside], p[~inside], task, criterion)
        decisions[inside] = decide(p[inside], thresholds, task)
    return decisions


def _deal(targets: np.ndarray, index: np.ndarray, patients: int, parts: int, seed: int) -> np.ndarray:
    """Return the part (G,) of each patient."""
    positives = np.stack(
        [np.bincount(index, weights=targets[:, k] == 1, minlength=patients) for k in range(targets.shape[1])]
    )
    totals = positives.sum(axis=1)
    share = (positives / np.maximum(totals, 1)[:, None]).max(axis=0)
    order = np.lexsort((np.random.default_rng(seed).random(patients), -share))
    part = np.empty(patients, int)
    part[order] = np.arange(patients) % parts
    return part
