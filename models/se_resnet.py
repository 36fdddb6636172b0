"""A residual network with squeeze and excitation, long kernels and quick shortening, for strips of 10 s.

Each stage is a block of two convolutions that halves the signal, a pooling that halves it again, and identity
blocks of one convolution. Networks of this kind were in four of the eight best entries of the CinC challenge
2021 (residual blocks: He et al. 2016; squeeze and excitation: Hu et al. 2018).
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models import convolutions, dense, pooling, residual, squeeze
from models.inputs import model_inputs, signal
from models.registry import register_builder
from models.sequence import Sequence, convolve, max_pool, normalise
from models.spec import Spec

HYPERPARAMETERS = {
    "stages": {
        "type": "int",
        "default": 3,
        "min": 1,
        "max": 6,
        "meaning": "Stages, each a quarter as long as the one before; 10 s at 500 Hz are made for 4.",
    },
    **residual.WIDTH,
    **residual.LONG_KERNEL,
    "identity_blocks": {
        "type": "int",
        "default": 1,
        "min": 0,
        "max": 4,
        "meaning": "Blocks of one convolution that follow the first block of each stage.",
    },
    **squeeze.HYPERPARAMETERS,
    "conv_bias": convolutions.HYPERPARAMETERS["conv_bias"],
    **pooling.HYPERPARAMETERS,
    **dense.HYPERPARAMETERS,
}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: more stages than the window can be quartered.
    """
    _check_depth(hp["stages"], spec.length)
    inputs = model_inputs(spec)
    widths = residual.stage_widths(hp, hp["stages"])
    x = _convolution(signal(inputs), widths[0], hp, stride=2).through(layers.ReLU())
    x = max_pool(x, 2)  # (B, T / 4, width)
    block = 1
    for width in widths:
        x = max_pool(_shortening(x, width, hp, block), 2)
        for number in range(hp["identity_blocks"]):
            x = _identity(x, width, hp, block + 1 + number)
        block += 1 + hp["identity_blocks"]
    features = pooling.pool(x, hp["pooling"])
    return keras.Model(inputs, dense.classify(features, inputs, hp, spec), name="se_resnet")


def _convolution(x: Sequence, filters: int, hp: Mapping, stride: int = 1) -> Sequence:
    size = hp["long_kernel_size"]
    return normalise(convolve(x, filters, size, stride, hp["conv_bias"], initializer="he_normal"))


def _shortening(x: Sequence, filters: int, hp: Mapping, block: int) -> Sequence:
    """(B, T, C) -> (B, T / 2, filters): two convolutions beside one on the shortcut."""
    y = _convolution(x, filters, hp, stride=2).through(layers.ReLU(), layers.Dropout(hp["dropout"]))
    y = _convolution(y, filters, hp).through(layers.ReLU())
    return _add(squeeze.squeeze_and_excite(y, hp["se_ratio"]), _convolution(x, filters, hp, stride=2), block)


def _identity(x: Sequence, filters: int, hp: Mapping, block: int) -> Sequence:
    y = _convolution(x, filters, hp).through(layers.ReLU())
    return _add(squeeze.squeeze_and_excite(y, hp["se_ratio"]), x, block)


def _add(one: Sequence, other: Sequence, block: int) -> Sequence:
    total = layers.Add()([one.values, other.values])
    return Sequence(layers.ReLU(name=f"block_{block}")(total), one.mask)


def _check_depth(stages: int, length: int | None) -> None:
    if length is None:
        return
    steps, deepest = _quarter(length), 0
    while (steps := _quarter(steps)) >= 1:
        deepest += 1
    if stages > deepest:
        raise ValueError(
            f"stages is {stages}, but a window of {length} samples has quarters for {deepest} at most:"
            f" take stages up to {deepest} or a longer window."
        )


def _quarter(length: int) -> int:
    return -(-length // 2) // 2


register_builder("se_resnet", build, HYPERPARAMETERS)
