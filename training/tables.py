"""What a run shows at its end: curves, confusion matrix, thresholds and calibration, as W&B tables.

Built from plain numbers: W&B's own `pr_curve` and `roc_curve` need pandas and scikit-learn.
"""

from __future__ import annotations

import numpy as np
import wandb

from training.curves import curve_points
from training.metric_names import FINAL_PER_CLASS
from training.outcome import Outcome
from training.predictions import Predictions


def final_tables(predictions: Predictions, outcome: Outcome, task: str) -> dict[str, object]:
    """Return what `wandb.log` takes, under "final/…"."""
    pr, roc = _curves(predictions, outcome.probabilities)
    return {
        "final/pr_curve": wandb.plot.line(
            wandb.Table(columns=["class", "recall", "precision"], data=pr),
            "recall",
            "precision",
            stroke="class",
            title="Precision and recall, validation",
        ),
        "final/roc_curve": wandb.plot.line(
            wandb.Table(columns=["class", "fpr", "tpr"], data=roc),
            "fpr",
            "tpr",
            stroke="class",
            title="ROC, validation",
        ),
        "final/confusion": wandb.Table(
            columns=["true", "decided", "rows"], data=confusion(predictions, outcome.decisions, task)
        ),
        "final/classes": wandb.Table(
            columns=["class", "threshold", *FINAL_PER_CLASS], data=_classes(predictions, outcome)
        ),
        "final/overall": wandb.Table(
            columns=["measure", "value"], data=[list(item) for item in outcome.full.overall.items()]
        ),
        **_aami(outcome),
    }


def confusion(predictions: Predictions, decisions: np.ndarray, task: str) -> list[list]:
    """Return rows (true, decided, count) of decisions (n, K) bool: class by class when one is true, else each
    class against "not" itself."""
    target, names = predictions.target, predictions.classes
    if task == "multiclass":
        known = (target != 255).all(axis=1)
        counts = (target[known] == 1).astype(int).T @ decisions[known].astype(int)
        return [[a, b, int(counts[i, j])] for i, a in enumerate(names) for j, b in enumerate(names)]
    rows = []
    for k, name in enumerate(names):
        words = (f"not {name}", name)
        for truth in (1, 0):
            for decided in (1, 0):
                count = int(((target[:, k] == truth) & (decisions[:, k] == decided)).sum())
                rows.append([words[truth], words[decided], count])
    return rows


def _curves(predictions: Predictions, p: np.ndarray) -> tuple[list[list], list[list]]:
    pr: list[list] = []
    roc: list[list] = []
    for k, name in enumerate(predictions.classes):
        known = predictions.target[:, k] != 255
        truth = predictions.target[known, k] == 1
        if not truth.any() or truth.all():
            continue
        recall, precision, fpr = curve_points(truth, p[known, k])
        pr += [[name, *point] for point in zip(recall.tolist(), precision.tolist(), strict=True)]
        roc += [[name, *point] for point in zip(fpr.tolist(), recall.tolist(), strict=True)]
    return pr, roc


def _classes(predictions: Predictions, outcome: Outcome) -> list[list]:
    return [
        [
            name,
            float(outcome.thresholds[k]),
            *(outcome.full.classes[name].get(measure) for measure in FINAL_PER_CLASS),
        ]
        for k, name in enumerate(predictions.classes)
    ]


def _aami(outcome: Outcome) -> dict[str, object]:
    if not outcome.full.aami:
        return {}
    measures = ("se", "ppv", "fpr")
    rows = [[name, *map(values.get, measures)] for name, values in outcome.full.aami.items()]
    return {"final/aami": wandb.Table(columns=["class", *measures], data=rows)}
