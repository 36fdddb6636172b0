"""What the residual networks share: how wide their stages are, and how many blocks a depth has."""

from __future__ import annotations

from collections.abc import Mapping

from models.convolutions import MOST_FILTERS
from models.lists import of_length, whole_numbers

WIDTH = {
    "width": {
        "type": "int",
        "default": 64,
        "min": 2,
        "max": 512,
        "meaning": "Filters of the first stage; each further stage has twice as many, at most 512.",
    },
    "stage_filters": {
        "type": "str",
        "default": "",
        "meaning": "Filters of each stage, such as 128,196,256,320, instead of doubling width.",
    },
}

LONG_KERNEL = {
    "long_kernel_size": {
        "type": "int",
        "default": 15,
        "min": 1,
        "max": 101,
        "meaning": "Length of each convolution of a residual block in samples of its own input.",
    },
}

# Blocks of each stage (He et al. 2016, table 1); ten layers are one block a stage.
BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}

DEPTH = {
    "depth": {
        "type": "choice",
        "default": 18,
        "choices": list(BLOCKS),
        "meaning": "Layers of the network in four stages, as He et al. 2016 count; bottlenecks from 50 on.",
    },
}

# A bottleneck's block hands on four times its filters: 2048 in the last stage, as the paper has it.
EXPANSION = 4


def stage_widths(hp: Mapping, stages: int) -> list[int]:
    """Return the filters of each stage.

    Raises:
        ValueError: a list with another number of stages.
    """
    given = whole_numbers("stage_filters", hp["stage_filters"], MOST_FILTERS)
    if given:
        return of_length("stage_filters", given, stages, "stages")
    return [min(hp["width"] * 2**stage, MOST_FILTERS) for stage in range(stages)]


def has_bottlenecks(depth: int) -> bool:
    return depth >= 50
