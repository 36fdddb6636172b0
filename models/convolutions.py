"""Blocks of convolution, normalisation, ReLU, pooling and dropout, where networks begin with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from keras import layers

from models.lists import of_length, whole_numbers
from models.sequence import Sequence, convolve, max_pool, normalise

# Doubling without a cap gives 134 million weights at eight blocks of 64 filters.
MOST_FILTERS = 512

KERNEL = {
    "kernel_size": {
        "type": "int",
        "default": 5,
        "min": 1,
        "max": 101,
        "meaning": "Length of each convolution in samples of its own input.",
    },
}

# Declared by every builder that calls `blocks`.
HYPERPARAMETERS = {
    "n_blocks": {
        "type": "int",
        "default": 4,
        "min": 1,
        "max": 8,
        "meaning": "Convolution blocks; each halves the window: T samples allow at most log2(T).",
        "active": {"block_filters": [""]},
    },
    "filters": {
        "type": "int",
        "default": 16,
        "min": 1,
        "max": 512,
        "meaning": "Filters of the first block; each further block has twice as many, at most 512.",
        "active": {"block_filters": [""]},
    },
    "block_filters": {
        "type": "str",
        "default": "",
        "meaning": "Filters of each block, such as 32,64,32, instead of n_blocks and filters.",
    },
    **KERNEL,
    "block_kernels": {
        "type": "str",
        "default": "",
        "meaning": "Kernel of each block, such as 7,5,3, instead of the one of kernel_size.",
    },
    "block_convolutions": {
        "type": "int",
        "default": 1,
        "min": 1,
        "max": 4,
        "meaning": "Convolutions in each block, each with its normalisation and ReLU.",
    },
    "unpooled_blocks": {
        "type": "int",
        "default": 0,
        "min": 0,
        "max": 8,
        "meaning": "How many of the last blocks do not halve the window.",
    },
    "batch_norm": {
        "type": "choice",
        "default": "convolutions",
        "choices": ["none", "convolutions", "all"],
        "meaning": "Batch normalisation after no layer, after convolutions, or after dense layers too.",
    },
    "conv_bias": {
        "type": "bool",
        "default": False,
        "meaning": "Whether a convolution before batch normalisation has a bias, as some networks have it.",
    },
}


def blocks(
    x: Sequence,
    hp: Mapping,
    before_pooling: Callable[[Sequence], Sequence] = lambda x: x,
) -> Sequence:
    """(B, T, C) -> (B, T / 2^(n_blocks - unpooled_blocks), filters of the last block).

    Raises:
        ValueError: more blocks than the window can be halved, or lists that do not belong together.
    """
    filters, kernels = sizes(hp)
    pooled = max(0, len(filters) - hp["unpooled_blocks"])
    check_halvings("n_blocks", pooled, x.values.shape[1], others=len(filters) - pooled)
    for number, (width, kernel) in enumerate(zip(filters, kernels, strict=True), 1):
        for _ in range(hp["block_convolutions"]):
            x = _convolution(x, width, kernel, hp)
        x = before_pooling(x)
        if number <= pooled:
            x = max_pool(x, 2)
        x = x.through(layers.Dropout(hp["dropout"], name=f"block_{number}"))
    return x


def sizes(hp: Mapping) -> tuple[list[int], list[int]]:
    """Return filters and kernel of each block."""
    filters = whole_numbers("block_filters", hp["block_filters"], MOST_FILTERS)
    filters = filters or [min(hp["filters"] * 2**block, MOST_FILTERS) for block in range(hp["n_blocks"])]
    kernels = whole_numbers("block_kernels", hp["block_kernels"], 101) or [hp["kernel_size"]] * len(filters)
    return filters, of_length("block_kernels", kernels, len(filters), "blocks")


def _convolution(x: Sequence, filters: int, kernel_size: int, hp: Mapping) -> Sequence:
    plain = hp["batch_norm"] == "none"
    # The normalisation has a bias of its own.
    x = convolve(x, filters, kernel_size, use_bias=plain or hp["conv_bias"])
    return (x if plain else normalise(x)).through(layers.ReLU())


def check_halvings(name: str, halvings: int, length: int | None, others: int = 0) -> None:
    """Raise ValueError if a window of `length` samples cannot be halved that often.

    Args:
        name: the hyperparameter that says how often.
        length: None where recordings keep their own; nothing is refused then.
        others: how much of the hyperparameter does not halve.
    """
    if length is not None and length >> halvings < 1:
        deepest = length.bit_length() - 1
        raise ValueError(
            f"{name} is {halvings + others}, but a window of {length} samples can be halved {deepest} times"
            f" at most: take {name} up to {deepest + others} or a longer window."
        )
