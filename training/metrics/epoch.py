"""What is measured on a side: per class, and averaged over the classes that can be ranked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.decision import decide, neutral_thresholds, probabilities
from training.ranking import Ranking

UNKNOWN = 255

# With fewer, six seeds of one model move a class's average precision by more than models differ.
FEWEST_POSITIVES = 50
FEWEST_PATIENTS = 3


def rankable(targets: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return (K,) bool: the classes with at least 50 positives in at least 3 patients, and any negatives.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown.
        groups: (n,) patient of each row.
    """
    positive = targets == 1
    patients = np.array([len(np.unique(groups[positive[:, k]])) for k in range(targets.shape[1])])
    return (
        (positive.sum(axis=0) >= FEWEST_POSITIVES)
        & (patients >= FEWEST_PATIENTS)
        & (targets == 0).any(axis=0)
    )


def measurable(targets: np.ndarray) -> np.ndarray:
    """Return (K,) bool: the classes with a positive and a negative, which is the least that a curve needs."""
    return (targets == 1).any(axis=0) & (targets == 0).any(axis=0)


def evaluate(
    targets: np.ndarray,
    logits: np.ndarray,
    classes: Sequence[str],
    ranked: Sequence[str],
    link: str,
    task: str,
    thresholds: np.ndarray | None = None,
) -> dict[str, float]:
    """Return "f1/V", "auprc/V", … of every class and "macro_auprc", "macro_auroc", "macro_f1" of the
    ranked ones.

    What is undefined is left out: curves of a class without positives or negatives, recall without positives.
    Precision is 0 where nothing is called positive but something is.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown, which is left out.
        logits: (n, K).
        thresholds: (K,); None decides at one half, or by plain argmax.
    """
    p = probabilities(logits, link)
    thresholds = neutral_thresholds(p.shape[1]) if thresholds is None else thresholds
    decisions = decide(p, thresholds, task)
    values: dict[str, float] = {}
    for k, name in enumerate(classes):
        known = targets[:, k] != UNKNOWN
        truth = targets[known, k] == 1
        measures = confusion_measures(truth, decisions[known, k]) | curve_measures(truth, p[known, k])
        values |= {f"{measure}/{name}": value for measure, value in measures.items()}
    for measure in ("auprc", "auroc", "f1"):
        of_ranked = [values[f"{measure}/{name}"] for name in ranked if f"{measure}/{name}" in values]
        if of_ranked:
            values[f"macro_{measure}"] = float(np.mean(of_ranked))
    return values


def class_f1(targets: np.ndarray, decisions: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    """Return the F1 of decisions (n, K) bool by class; without one that is neither there nor called."""
    values = {}
    for k, name in enumerate(classes):
        known = targets[:, k] != UNKNOWN
        measures = confusion_measures(targets[known, k] == 1, decisions[known, k])
        if "f1" in measures:
            values[name] = measures["f1"]
    return values


def confusion_measures(truth: np.ndarray, decided: np.ndarray) -> dict[str, float]:
    """Return precision, recall and f1 of truth (n,) bool and decisions (n,) bool, where defined."""
    found, called, there = int((truth & decided).sum()), int(decided.sum()), int(truth.sum())
    values = {}
    if called or there:
        values["precision"] = found / called if called else 0.0
        values["f1"] = 2 * found / (called + there)
    if there:
        values["recall"] = found / there
    return values


def curve_measures(truth: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """Return auprc and auroc of truth (n,) bool and scores (n,), as far as they are defined."""
    if not truth.any() or truth.all():
        return {}
    average_precision, auroc = Ranking(p, truth).measure()
    return {"auprc": average_precision, "auroc": auroc}
