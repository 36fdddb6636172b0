"""Several models that answer as one: the mean of their probabilities, or the majority of their decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from training.decision import decide

HOW = ("mean", "vote")
ROUNDS = 20


def combine(
    parts: Sequence[np.ndarray],
    weights: Sequence[float],
    how: str,
    thresholds: Sequence[np.ndarray] = (),
    task: str = "multiclass",
) -> np.ndarray:
    """Return one p (n, K) of what several models say.

    Args:
        parts: (n, K) calibrated probabilities of each member.
        weights: of each member.
        how: "mean"; or "vote", the share of members that decide for a class by their own thresholds, where
            the mean decides between classes with as many votes.
        thresholds: (K,) of each member, for "vote".
        task: "multiclass" or "multilabel".
    """
    shares = np.asarray(weights, np.float64) / np.sum(weights)
    mean = np.tensordot(shares, np.stack(parts), axes=1)
    if how == "mean":
        return mean
    votes = np.tensordot(
        shares, [decide(p, own, task).astype(float) for p, own in zip(parts, thresholds, strict=True)], axes=1
    )
    # Less than any one vote, so that it only breaks ties.
    return (votes + _little(shares) * mean) / (1 + _little(shares))


def _little(shares: np.ndarray) -> float:
    return float(shares.min()) / 2


def majority(weights: Sequence[float], classes: int) -> np.ndarray:
    """Return thresholds (K,) that ask for more than half of the votes of `combine`."""
    shares = np.asarray(weights, np.float64) / np.sum(weights)
    reached = {0.0}
    for share in shares:
        reached |= {round(one + share, 12) for one in reached}
    enough = min(one for one in reached if one > 0.5 + 1e-9)
    return np.full(classes, (enough - 1e-9) / (1 + _little(shares)))


def select(parts: Sequence[np.ndarray], worth: Callable[[np.ndarray], float]) -> list[int]:
    """Return how often each member is taken by greedy selection with replacement (Caruana et al. 2004).

    It starts from the best member, adds the one that helps most, `ROUNDS` times, and goes back to the best of
    the mixtures that it saw.

    Args:
        parts: (n, K) probabilities of each member.
        worth: of a mixture; larger is better, NaN is worst.
    """
    taken: list[int] = []
    total = np.zeros_like(parts[0])
    best, kept = -np.inf, 0
    for _ in range(ROUNDS):
        values = np.nan_to_num([worth((total + one) / (len(taken) + 1)) for one in parts], nan=-np.inf)
        member = int(np.argmax(values))
        taken.append(member)
        total = total + parts[member]
        if values[member] > best:
            best, kept = float(values[member]), len(taken)
    return np.bincount(taken[: max(kept, 1)], minlength=len(parts)).tolist()
