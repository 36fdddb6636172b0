"""A histogram that a run logged (`wandb.Histogram`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rarebeat.figures import columns
from rarebeat.figures.axes import LARGEST
from rarebeat.server.pages.amounts import written
from rarebeat.server.pages.run.chart import figure


def histogram(name: str, value: dict[str, Any]) -> str | None:
    """The figure; None where the value is no histogram, or not one that can be read."""
    if value["_type"] != "histogram":
        return None
    try:
        counts, packed = np.array(value["values"], float), value.get("packedBins")
        if packed and packed["count"] != len(counts):
            return None
        edges = (
            packed["min"] + packed["size"] * np.arange(packed["count"] + 1)
            if packed
            else np.array(value["bins"], float)
        )
        if len(edges) != len(counts) + 1 or not (np.abs(np.r_[counts, edges]) < LARGEST).all():
            return None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    said = f"{written(float(counts.sum()))} values from {written(edges[0])} to {written(edges[-1])}."
    return figure(name, columns(counts, edges, name, said, "", ""))
