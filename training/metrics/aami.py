"""What the beat literature reports: sensitivity, positive predictivity and false positive rate of SVEB and
VEB, and the jk index.

ANSI/AAMI EC57 as de Chazal et al. 2004 apply it ("Automatic classification of heartbeats using ECG morphology
and heartbeat interval features"): a fusion or unknown beat called V counts neither for nor against V, and an
unknown beat called S neither for nor against S.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.metrics.overall import cohen_kappa, confusion_table

# Beats of these classes that are called so are no false positives of it.
EXCUSED = {"S": ("Q",), "V": ("F", "Q")}


def aami_table(
    targets: np.ndarray, decisions: np.ndarray, classes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return "se", "ppv" and "fpr" of S and V; {} for a data set without both, undefined ones left out.

    Args:
        targets: (n, K) one-hot, or 255 where unknown.
        decisions: (n, K) bool, one a row.
        classes: slugs, the AAMI's own: N, S, V, F, Q.
    """
    if not {"S", "V"} <= set(classes):
        return {}
    table = confusion_table(targets, decisions)
    return {name: _of(table, list(classes), name) for name in ("S", "V")}


def _of(table: np.ndarray, classes: list[str], name: str) -> dict[str, float]:
    k = classes.index(name)
    others = [j for j, other in enumerate(classes) if other != name]
    blamed = [j for j in others if classes[j] not in EXCUSED[name]]
    found, alarms = table[k, k], table[blamed, k].sum()
    cleared = table[np.ix_(others, others)].sum()
    shares = {
        "se": (found, table[k].sum()),
        "ppv": (found, found + alarms),
        "fpr": (alarms, alarms + cleared),
    }
    return {measure: float(above / below) for measure, (above, below) in shares.items() if below}


def jk_index(targets: np.ndarray, decisions: np.ndarray, classes: Sequence[str]) -> float | None:
    """Return kappa / 2 + j / 8, j the sum of sensitivity and positive predictivity of S and V (Mar et al.
    2011, "Optimization of ECG classification by means of feature selection"); None without S and V.

    What is undefined in j, such as the predictivity of a class that is never called, counts as 0.
    """
    measures = aami_table(targets, decisions, classes)
    kappa = cohen_kappa(confusion_table(targets, decisions))
    if not measures or not np.isfinite(kappa):
        return None
    j = sum(one.get("se", 0.0) + one.get("ppv", 0.0) for one in measures.values())
    return kappa / 2 + j / 8
