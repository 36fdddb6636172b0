"""The residual network of Ribeiro et al. 2020 and Hannun et al. 2019, in the depths of He et al. 2016.

Long kernels, and a shortcut that carries the sum from before its normalisation and is only pooled where the
signal gets shorter. Ribeiro's network on 4096 samples is depth 10, long_kernel_size 16, stage_stride 4,
stage_filters 128,196,256,320, pooling flatten, dropout 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models import dense, pooling, residual
from models import inputs as model_inputs
from models.head import logits
from models.registry import register_builder
from models.sequence import Sequence, convolve, max_pool_all, normalise
from models.spec import Spec

HYPERPARAMETERS = {
    **residual.DEPTH,
    **residual.WIDTH,
    **residual.LONG_KERNEL,
    "stage_stride": {
        "type": "int",
        "default": 2,
        "min": 1,
        "max": 4,
        "meaning": "How many times shorter each of the four stages makes the signal; 10 s records take 4.",
    },
    **dense.DROPOUT,
    **pooling.HYPERPARAMETERS,
    **model_inputs.HYPERPARAMETERS,
}


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: a window that four stages make shorter than one sample.
    """
    depth, stride = int(hp["depth"]), hp["stage_stride"]
    _check_length(stride, spec.length)
    inputs = model_inputs.model_inputs(spec)
    x = _convolution(model_inputs.signal(inputs), hp["width"], hp["long_kernel_size"])
    x = shortcut = _activate(x)
    number = 1
    for width, count in zip(residual.stage_widths(hp, 4), residual.BLOCKS[depth], strict=True):
        for place in range(count):
            x, shortcut = _unit(x, shortcut, width, stride if place == 0 else 1, hp, number)
            number += 1
    features = model_inputs.join_covariates(pooling.pool(x, hp["pooling"]), inputs, hp)
    return keras.Model(inputs, logits(features, spec), name="resnet1d")


def _unit(
    x: Sequence, shortcut: Sequence, width: int, stride: int, hp: Mapping, number: int
) -> tuple[Sequence, Sequence]:
    """Return the activations and the sum before them, both (B, T / stride, width or 4 width)."""
    kernel, dropout = hp["long_kernel_size"], hp["dropout"]
    if residual.has_bottlenecks(int(hp["depth"])):
        y = _activate(_convolution(x, width, 1)).through(layers.Dropout(dropout))
        y = _activate(_convolution(y, width, kernel, stride)).through(layers.Dropout(dropout))
        y = _convolution(y, width * residual.EXPANSION, 1)
    else:
        y = _activate(_convolution(x, width, kernel)).through(layers.Dropout(dropout))
        y = _convolution(y, width, kernel, stride)
    if stride > 1:
        shortcut = max_pool_all(shortcut, stride)
    if shortcut.filters != y.filters:
        shortcut = _convolution(shortcut, y.filters, 1)
    total = Sequence(layers.Add()([y.values, shortcut.values]), y.mask)
    return _activate(total).through(layers.Dropout(dropout, name=f"block_{number}")), total


def _convolution(x: Sequence, filters: int, kernel_size: int, stride: int = 1) -> Sequence:
    return convolve(x, filters, kernel_size, stride, initializer="he_normal")


def _activate(x: Sequence) -> Sequence:
    return normalise(x).through(layers.ReLU())


def _check_length(stride: int, length: int | None) -> None:
    if length is not None and length < stride**4:
        fits = int(length**0.25 + 1e-9)
        raise ValueError(
            f"stage_stride is {stride}, so {stride**4} samples become one, but a window has {length}:"
            f" take stage_stride up to {fits} or a longer window."
        )


register_builder("resnet1d", build, HYPERPARAMETERS)
