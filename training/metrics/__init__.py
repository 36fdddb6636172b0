"""What is measured: few numbers after each epoch, and the field's full set at the end."""

from training.metrics.aami import aami_table, jk_index
from training.metrics.challenge import challenge_score
from training.metrics.epoch import (
    FEWEST_PATIENTS,
    FEWEST_POSITIVES,
    UNKNOWN,
    class_f1,
    confusion_measures,
    curve_measures,
    evaluate,
    measurable,
    rankable,
)
from training.metrics.full import Full, full_measures
from training.metrics.per_class import class_measures

__all__ = [
    "FEWEST_PATIENTS",
    "FEWEST_POSITIVES",
    "UNKNOWN",
    "Full",
    "aami_table",
    "challenge_score",
    "class_f1",
    "class_measures",
    "confusion_measures",
    "curve_measures",
    "evaluate",
    "full_measures",
    "jk_index",
    "measurable",
    "rankable",
]
