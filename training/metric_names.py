"""The names that a run logs: the contract that sweeps, leaderboards and reports rely on."""

from __future__ import annotations

PER_CLASS = ("precision", "recall", "f1", "auprc", "auroc")
MACRO = ("macro_auprc", "macro_auroc", "macro_f1")
OBJECTIVE = "macro_auprc"

VALIDATION = ("loss", *MACRO, *(f"{measure}/{{class}}" for measure in PER_CLASS))

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
]


def lower_is_better(name: str) -> bool:
    """Whether the best value of a metric, named with or without its side, is its smallest: losses alone."""
    return name.rsplit("/", 1)[-1] == "loss"
