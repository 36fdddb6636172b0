"""The score of the PhysioNet/CinC Challenge 2021: wrong answers that lead to like treatment cost less (Perez
Alday et al. 2020; Reyna et al. 2021, "Will Two Do? Varying Dimensions in Electrocardiography").

sum of w_ij a_ij, where a_ij counts recordings of class i that were called j, each by one over how many
classes it has or is called; scaled so that the labels themselves score 1 and calling everything sinus rhythm
scores 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SINUS = "NSR"

# The published table (evaluation-2021, weights.csv) is 1 on its diagonal and elsewhere 0.5 less the distance
# of two classes on one scale of treatment, but for the two pairs below.
PLACE = {
    **{"QAb": 0.0, "AF": 0.1, "AFL": 0.1, "TAb": 0.1, "TInv": 0.1, "BBB": 0.125, "CLBBB": 0.125},
    **{"LQT": 0.15, "LQRSV": 0.175, "PRWP": 0.175, "CRBBB": 0.2, "PR": 0.225, "PVC": 0.225, "STach": 0.225},
    **{"LAD": 0.25, "LAnFB": 0.25, "NSIVCB": 0.25, "RAD": 0.25, "PAC": 0.2625, "Brady": 0.3, "IAVB": 0.3},
    **{"IRBBB": 0.3, "LPR": 0.3, "SA": 0.3, "SB": 0.3, "NSR": 0.35},
}
APART = {frozenset(("BBB", "CLBBB")): 0.475, frozenset(("LQRSV", "PRWP")): 0.475}
# Scored as one diagnosis.
SAME = {"LBBB": "CLBBB", "RBBB": "CRBBB", "SVPB": "PAC", "VPB": "PVC"}


def weight(one: str, other: str) -> float:
    """Return the credit for calling a recording of class `one` by `other`."""
    if one == other:
        return 1.0
    return APART.get(frozenset((one, other)), round(0.5 - abs(PLACE[one] - PLACE[other]), 4))


def challenge_score(targets: np.ndarray, decisions: np.ndarray, classes: Sequence[str]) -> float | None:
    """Return the score over those classes that the challenge scores; None where sinus rhythm (NSR) is not
    among them.

    Args:
        targets: (n, K) of 1, 0 and 255; rows with an unknown scored class are left out.
        decisions: (n, K) bool.
        classes: slugs, the challenge's abbreviations.
    """
    scored = [name for name in dict.fromkeys(SAME.get(name, name) for name in classes) if name in PLACE]
    if SINUS not in scored or len(scored) < 2:
        return None
    columns = [[k for k, name in enumerate(classes) if SAME.get(name, name) == one] for one in scored]
    known = np.all([(targets[:, k] != 255).all(axis=1) for k in columns], axis=0)
    there = np.stack([(targets[known][:, k] == 1).any(axis=1) for k in columns], axis=1)
    called = np.stack([decisions[known][:, k].any(axis=1) for k in columns], axis=1)
    weights = np.array([[weight(one, other) for other in scored] for one in scored])
    normal = np.zeros_like(called)
    normal[:, scored.index(SINUS)] = True
    own, least, most = (_credit(there, answers, weights) for answers in (called, normal, there))
    return float((own - least) / (most - least)) if most != least else 0.0


def _credit(there: np.ndarray, called: np.ndarray, weights: np.ndarray) -> float:
    share = 1 / np.maximum((there | called).sum(axis=1), 1)
    return float(((there * share[:, None]).T @ called * weights).sum())
