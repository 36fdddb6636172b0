"""The residual network of He et al. 2019 ("Bag of Tricks"), in one dimension.

A stem of three convolutions, strides on the long kernel and not on the one of length 1, a shortcut that is
averaged before it is projected, and blocks that begin as the identity, since the last normalisation of each
starts at 0. The best network of the PTB-XL benchmark (Strodthoff et al. 2021) is depth 101 with stage_filters
64,64,64,64 and pooling average_max.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from models import convolutions, dense, pooling, residual
from models import inputs as model_inputs
from models.head import logits
from models.registry import register_builder
from models.sequence import Sequence, average_pool_half, convolve, max_pool_stem, normalise
from models.spec import Spec

HYPERPARAMETERS = {
    **residual.DEPTH,
    **residual.WIDTH,
    **convolutions.KERNEL,
    **dense.DROPOUT,
    **pooling.HYPERPARAMETERS,
    **model_inputs.HYPERPARAMETERS,
}

# The stem quarters the signal, and three of the four stages halve it.
SHORTENING = 32


def build(hp: Mapping, spec: Spec) -> keras.Model:
    """Build {"signal": (B, T, C), "covariates": (B, F), "mask": (B, T)} -> logits (B, K).

    Raises:
        ValueError: a window shorter than the 32 samples that become one.
    """
    if spec.length is not None and spec.length < SHORTENING:
        raise ValueError(
            f"xresnet1d makes {SHORTENING} samples one, but a window has {spec.length}:"
            f" take a window of at least {SHORTENING} samples or another model."
        )
    inputs = model_inputs.model_inputs(spec)
    x = _stem(model_inputs.signal(inputs), hp)  # (B, T / 4, width)
    number = 1
    for stage, (width, count) in enumerate(
        zip(residual.stage_widths(hp, 4), residual.BLOCKS[int(hp["depth"])], strict=True)
    ):
        for place in range(count):
            x = _block(x, width, 2 if stage and place == 0 else 1, hp, number)
            number += 1
    features = layers.Dropout(hp["dropout"])(pooling.pool(x, hp["pooling"]))
    features = model_inputs.join_covariates(features, inputs, hp)
    return keras.Model(inputs, logits(features, spec), name="xresnet1d")


def _stem(x: Sequence, hp: Mapping) -> Sequence:
    half = max(1, hp["width"] // 2)
    for width, stride in ((half, 2), (half, 1), (hp["width"], 1)):
        x = _convolution(x, width, hp["kernel_size"], stride).through(layers.ReLU())
    return max_pool_stem(x)


def _block(x: Sequence, width: int, stride: int, hp: Mapping, number: int) -> Sequence:
    kernel = hp["kernel_size"]
    if residual.has_bottlenecks(int(hp["depth"])):
        out = width * residual.EXPANSION
        y = _convolution(x, width, 1).through(layers.ReLU())
        y = _convolution(y, width, kernel, stride).through(layers.ReLU())
        y = _convolution(y, out, 1, gamma="zeros")
    else:
        out = width
        y = _convolution(x, width, kernel, stride).through(layers.ReLU())
        y = _convolution(y, width, kernel, gamma="zeros")
    if stride > 1:
        x = average_pool_half(x)
    if x.filters != out:
        x = _convolution(x, out, 1)
    total = layers.Add()([y.values, x.values])
    return Sequence(layers.ReLU(name=f"block_{number}")(total), y.mask)


def _convolution(x: Sequence, filters: int, size: int, stride: int = 1, gamma: str = "ones") -> Sequence:
    return normalise(convolve(x, filters, size, stride, initializer="he_normal"), gamma)


register_builder("xresnet1d", build, HYPERPARAMETERS)
