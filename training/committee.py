"""Several models that answer as one: the mean of their probabilities, or the majority of their decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from training.decision import decide

ROUNDS = 20


def mean(parts: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Return the weighted mean (n, K) of the members' calibrated probabilities, each (n, K)."""
    return np.tensordot(np.asarray(weights, np.float64) / np.sum(weights), np.stack(parts), axes=1)


def vote(parts: Sequence[np.ndarray], thresholds: Sequence[np.ndarray], task: str) -> np.ndarray:
    """Return p (n, K): the share of members that decide for a class by their own thresholds, where the mean
    of their probabilities decides between classes with as many votes.

    Every member has one vote: with weights a tie could not be told from a narrow majority.

    Args:
        parts: (n, K) calibrated probabilities of each member.
        thresholds: (K,) of each member.
        task: "multiclass" or "multilabel".
    """
    votes = [decide(p, own, task).astype(float) for p, own in zip(parts, thresholds, strict=True)]
    tie = _tie_break(len(parts))
    return (np.mean(votes, axis=0) + tie * np.mean(parts, axis=0)) / (1 + tie)


def _tie_break(members: int) -> float:
    """Weight of the mean: half of one vote, so that it only breaks ties."""
    return 0.5 / members


def majority(members: int, classes: int) -> np.ndarray:
    """Return thresholds (K,) that ask for more than half of the votes of `vote`."""
    enough = (members // 2 + 1) / members
    return np.full(classes, (enough - 1e-9) / (1 + _tie_break(members)))


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
