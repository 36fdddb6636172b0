"""The names that a run logs: the contract that sweeps, leaderboards and reports rely on."""

from __future__ import annotations

PER_CLASS = ("precision", "recall", "f1", "auprc", "auroc")
MACRO = ("macro_auprc", "macro_auroc", "macro_f1")
OBJECTIVE = "macro_auprc"

VALIDATION = ("loss", *MACRO, *(f"{measure}/{{class}}" for measure in PER_CLASS))

# Of each class, and of all together (`training.metrics`).
FINAL_PER_CLASS = (
    *(
        "support",
        "prevalence",
        "sensitivity",
        "specificity",
        "ppv",
        "npv",
        "f1",
        "f2",
        "mcc",
        "auroc",
        "auprc",
    ),
    *("sensitivity_at_95_specificity", "calibration_error", "brier"),
)
FINAL_OVERALL = (
    *(f"macro_{name}" for name in ("sensitivity", "specificity", "ppv", "f1", "f2", "auroc", "auprc")),
    *("weighted_f1", "micro_f1", "f2_cinc", "g2_cinc", "hamming", "exact_match", "jaccard", "mcc", "kappa"),
    *("jk_index", "cinc_score"),
)
FINAL = (*FINAL_OVERALL, *(f"{measure}/{{class}}" for measure in FINAL_PER_CLASS))

# {class} stands for a class's slug.
PATTERNS = [
    "epoch",
    "fold",
    "train/loss",
    "time/samples_per_second",
    *(f"val/{name}" for name in VALIDATION),
    *(f"best/{name}" for name in VALIDATION),
    "val/macro_f1_tuned",
    "val/f1_tuned/{class}",
    "val/threshold/{class}",
    "val/calibration_error/{class}",
    "epoch_best",
    # Once, at the end: every measure of rows, and where there are recordings of several windows, of these.
    *(f"{unit}/{name}" for unit in ("final", "record", "patient") for name in FINAL),
]


def lower_is_better(name: str) -> bool:
    """Whether the best value of a metric, named with or without its side, is its smallest: losses alone."""
    return name.rsplit("/", 1)[-1] == "loss"
