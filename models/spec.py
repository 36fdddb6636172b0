"""What a model is built for: the shape of its inputs and what it has to tell apart."""

from __future__ import annotations

from dataclasses import dataclass

TASKS = ("multiclass", "multilabel")


@dataclass(frozen=True)
class Spec:
    """Shapes and task of a model.

    Attributes:
        length: samples T of a window, or None for any length.
        channels: leads C.
        covariates: numbers F beside the signal; 0 means that the model has no such input.
        classes: K logits.
        task: "multiclass" (one class a row) or "multilabel" (any number of them).
        prior: share of rows that are positive for each class in the stream that the model is trained on,
            (K,); None leaves the output bias at zero.

    Raises:
        ValueError: a task of another name, fewer classes than the task needs, a prior of another length.
    """

    length: int | None
    channels: int
    covariates: int
    classes: int
    task: str
    prior: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"The task is {self.task!r}; it must be one of {', '.join(TASKS)}.")
        if self.classes < (2 if self.task == "multiclass" else 1):
            raise ValueError(f"A {self.task} model of {self.classes} classes has nothing to tell apart.")
        if self.prior is not None and len(self.prior) != self.classes:
            raise ValueError(f"The prior has {len(self.prior)} numbers for {self.classes} classes.")
