"""`python -m models.table`: weights and multiply-adds of every builder, as the table in models/README.md."""

from __future__ import annotations

from collections.abc import Sequence

from models import Spec, build_model
from models.cost import multiply_adds

# A beat of MIT-BIH with its RR covariates, and a strip of twelve leads.
BEAT = Spec(length=288, channels=1, covariates=7, classes=4, task="multiclass")
STRIP = Spec(length=5000, channels=12, covariates=0, classes=5, task="multilabel")

ROWS = (
    ("mlp", {}),
    ("cnn", {}),
    ("cnn_layers", {}),
    ("cnn_attention", {}),
    ("rnn", {}),
    ("crnn", {}),
    ("se_resnet", {}),
    ("se_resnet", {"stages": 4}),
    ("resnet1d", {}),
    ("resnet1d", {"depth": 34}),
    ("resnet1d", {"depth": 50}),
    ("xresnet1d", {}),
    ("xresnet1d", {"depth": 50}),
    ("xresnet1d", {"depth": 101}),
)


def table(rows: Sequence[tuple[str, dict]] = ROWS) -> str:
    """Return the table in Markdown: thousands of weights, millions of multiply-adds of one example."""
    lines = [
        "| model | weights, beat | multiply-adds, beat | weights, strip | multiply-adds, strip |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, values in rows:
        label = ", ".join([f"`{name}`", *(f"{key} {value}" for key, value in values.items())])
        cells = [cell for spec in (BEAT, STRIP) for cell in _cells({"model": name, **values}, spec)]
        lines.append(f"| {' | '.join([label, *cells])} |")
    return "\n".join(lines)


def _cells(hp: dict, spec: Spec) -> list[str]:
    try:
        model = build_model(hp, spec)
    except ValueError:
        return ["too short", ""]
    return [f"{model.count_params() / 1e3:,.1f} k", f"{multiply_adds(model) / 1e6:,.2f} M"]


if __name__ == "__main__":
    print(table())
