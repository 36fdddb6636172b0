"""How many positives, of how many patients, a recall or an average precision of a class takes to be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z = 1.959964  # 97.5% of the standard normal distribution
HALF_WIDTH = 0.05
# How alike one patient's positives are, found or missed together: 0 not at all, 1 wholly. Not known before a
# model is; 0.1 to 0.3 is usual for repeated measurements of a person.
ALIKE = 0.2


@dataclass(frozen=True)
class Size:
    """What a 95% interval of a class takes and has.

    Attributes:
        positives, patients: there are.
        design_effect: by how much patients who come with many positives widen what these tell.
        needed_positives, needed_patients: for +-`HALF_WIDTH`, with positives spread over patients as now;
            None where there is nobody to tell from.
        half_width: reached with what there is; at most 0.5.
    """

    positives: int
    patients: int
    design_effect: float
    needed_positives: int | None
    needed_patients: int | None
    half_width: float


def size(positives_of: Sequence[int], alike: float = ALIKE) -> Size:
    """The interval at a recall or average precision of 0.5, where it is widest.

    Binomial in the positives, n = z^2 p (1 - p) / w^2, for a recall as for an average precision (Boyd, Eng
    and Page 2013, ECML PKDD), times the design effect 1 + (m - 1) * alike of patients as clusters (Kish
    1965), where m is the number of positives of the patient of a positive: sum m^2 / sum m.

    Args:
        positives_of: of every patient; those without any may be left out.
        alike: intra-patient correlation, 0 to 1.
    """
    counts = np.array([count for count in positives_of if count > 0], float)
    if not len(counts):
        return Size(0, 0, 1.0, None, None, 0.5)
    positives = counts.sum()
    effect = 1 + ((counts**2).sum() / positives - 1) * alike
    needed = int(np.ceil(Z**2 * 0.25 / HALF_WIDTH**2 * effect))
    half_width = min(0.5, float(Z * np.sqrt(0.25 * effect / positives)))
    patients = int(np.ceil(needed * len(counts) / positives))
    return Size(int(positives), len(counts), float(effect), needed, patients, half_width)
