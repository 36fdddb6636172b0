"""One number for all classes: averages over classes, and what looks at whole rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.metrics.per_class import UNKNOWN, Counts

AVERAGED = ("sensitivity", "specificity", "ppv", "f1", "f2", "auroc", "auprc")


def overall_measures(
    targets: np.ndarray, decisions: np.ndarray, classes: Mapping[str, np.ndarray], task: str
) -> dict[str, float]:
    """Return every measure by name; what is undefined is left out.

    "macro_X": the mean over classes that have positives and of which X is defined, PPV being 0 where nothing
    was called; "weighted_f1": F1 by support; "micro_f1": of all decisions together; "hamming": share of
    decisions that are wrong; "f2_cinc", "g2_cinc": `challenge_betas`. Of rows all of whose classes are known:
    "exact_match" (accuracy, where one class is true), "jaccard" (mean over rows; 1 where nothing is there and
    nothing called), "mcc" (Gorodkin 2004) and "kappa" (Cohen 1960) where one class is true, else the means
    over classes.

    Args:
        targets: (n, K) of 1, 0 and 255 for unknown.
        decisions: (n, K) bool.
        classes: `class_measures` of the same.
        task: "multiclass" or "multilabel".
    """
    there = classes["support"] > 0
    # Without negatives a class has no specificity and no curve, which is no failure of the model's.
    values = {
        f"macro_{name}": _mean(np.nan_to_num(classes[name]) if name == "ppv" else classes[name], there)
        for name in AVERAGED
    }
    total = classes["support"].sum()
    values["weighted_f1"] = (
        float(np.nan_to_num(classes["f1"]) @ classes["support"] / total) if total else np.nan
    )
    counts = Counts.of(targets, decisions)
    values["micro_f1"] = float(_pooled(counts).f()[0])
    values |= challenge_betas(targets, decisions)
    values |= _of_rows(targets, decisions)
    values |= _agreement(targets, decisions, task, counts, there)
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _mean(values: np.ndarray, there: np.ndarray) -> float:
    known = there & np.isfinite(values)
    return float(values[known].mean()) if known.any() else np.nan


def _pooled(counts: Counts) -> Counts:
    return Counts(
        *(
            np.array([part.sum()])
            for part in (
                counts.true_positives,
                counts.false_positives,
                counts.false_negatives,
                counts.true_negatives,
            )
        )
    )


def challenge_betas(targets: np.ndarray, decisions: np.ndarray, beta: float = 2.0) -> dict[str, float]:
    """Return F2 and G2 of the PhysioNet/CinC Challenge 2020, which the PTB-XL benchmark reports of CPSC 2018.

    Rows weigh one over how many labels they have (at least 1), and the mean is over classes that have
    anything there or called.
    """
    counts = Counts.of(targets, decisions, 1 / np.maximum((targets == 1).sum(axis=1), 1))
    values = {"f2_cinc": counts.f(beta), "g2_cinc": counts.g(beta)}
    return {
        name: float(np.nanmean(value)) if np.isfinite(value).any() else np.nan
        for name, value in values.items()
    }


def _of_rows(targets: np.ndarray, decisions: np.ndarray) -> dict[str, float]:
    known = targets != UNKNOWN
    wrong = known & ((targets == 1) != decisions)
    values = {"hamming": float(wrong.sum() / known.sum()) if known.any() else np.nan}
    whole = known.all(axis=1)
    if not whole.any():
        return values
    there, called = targets[whole] == 1, decisions[whole]
    both, either = (there & called).sum(axis=1), (there | called).sum(axis=1)
    shared = np.divide(both, either, out=np.ones(len(both)), where=either > 0)
    return {
        **values,
        "exact_match": float((there == called).all(axis=1).mean()),
        "jaccard": float(shared.mean()),
    }


def _agreement(
    targets: np.ndarray, decisions: np.ndarray, task: str, counts: Counts, there: np.ndarray
) -> dict[str, float]:
    if task == "multilabel":
        return {"mcc": _mean(counts.mcc(), there), "kappa": _mean(_binary_kappa(counts), there)}
    table = confusion_table(targets, decisions)
    return {"mcc": multiclass_mcc(table), "kappa": cohen_kappa(table)}


def confusion_table(targets: np.ndarray, decisions: np.ndarray) -> np.ndarray:
    """Return counts (K, K) of true class by decided class, of rows that are known."""
    known = (targets != UNKNOWN).all(axis=1)
    return (targets[known] == 1).astype(float).T @ decisions[known]


def multiclass_mcc(table: np.ndarray) -> float:
    """Return the correlation of a confusion table (K, K) (Gorodkin 2004).

    0 where only one class is true or decided, as in scikit-learn.
    """
    true, decided, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    below = np.sqrt((total**2 - decided @ decided) * (total**2 - true @ true))
    return float((np.trace(table) * total - true @ decided) / below) if below > 0 else 0.0


def cohen_kappa(table: np.ndarray) -> float:
    """Return the agreement of a confusion table (K, K) beyond chance (Cohen 1960).

    NaN where chance alone agrees in all.
    """
    total = table.sum()
    if not total:
        return np.nan
    chance = (table.sum(axis=0) @ table.sum(axis=1)) / total**2
    return float((np.trace(table) / total - chance) / (1 - chance)) if chance < 1 else np.nan


def _binary_kappa(counts: Counts) -> np.ndarray:
    parts = zip(
        counts.true_positives,
        counts.false_negatives,
        counts.false_positives,
        counts.true_negatives,
        strict=True,
    )
    return np.array([cohen_kappa(np.array([[tp, fn], [fp, tn]])) for tp, fn, fp, tn in parts])
