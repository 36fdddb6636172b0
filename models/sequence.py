"""Activations over time with the mask of their real steps, and layers that keep padding out of it.

Recordings of different length share a batch by padding at the end. What is done here makes the logits of a
recording the same alone and in a longer batch: padding is zeroed before each convolution, strided windows are
laid from the first sample on (Keras's "same" lays them by the batch's length), a pooling window is real where
any of its steps is. Batch statistics leave padding out. A recording may be as short as one sample.

All of it is Keras's own layers, so that a saved model loads without this package.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers, ops

# Lower than any activation, and still a number in half precision.
_HIDDEN = 1e4


@dataclass(frozen=True)
class Mask:
    """Which steps are real: 1, and which are padding: 0.

    Attributes:
        steps: (B, T).
        column: (B, T, 1) of the same, in the precision of the activations.
    """

    steps: keras.KerasTensor
    column: keras.KerasTensor

    @classmethod
    def of(cls, steps: keras.KerasTensor) -> Mask:
        return cls(steps, layers.Reshape((-1, 1))(steps))

    def every(self, stride: int) -> Mask:
        """Return the mask of steps 0, `stride`, 2 `stride` and so on."""
        return Mask.of(self.steps[:, ::stride])


@dataclass(frozen=True)
class Sequence:
    """Activations (B, T, C), and their real steps; no mask where all of them are."""

    values: keras.KerasTensor
    mask: Mask | None = None

    @property
    def filters(self) -> int:
        return self.values.shape[-1]

    def through(self, *chain: keras.layers.Layer) -> Sequence:
        """Pass every step through layers that do not mix steps, such as ReLU or dropout."""
        values = self.values
        for layer in chain:
            values = layer(values)
        return Sequence(values, self.mask)


def convolve(
    x: Sequence,
    filters: int,
    kernel_size: int,
    stride: int = 1,
    use_bias: bool = False,
    initializer: str = "glorot_uniform",
) -> Sequence:
    """(B, T, C) -> (B, ceil(T / stride), filters); output i sees kernel_size samples around i * stride."""
    values = _with_padding(x, 0.0)
    padding = "same"
    if stride > 1:
        values = layers.ZeroPadding1D(((kernel_size - 1) // 2, kernel_size // 2))(values)
        padding = "valid"
    convolution = layers.Conv1D(
        filters,
        kernel_size,
        strides=stride,
        padding=padding,
        use_bias=use_bias,
        kernel_initializer=initializer,
    )
    mask = x.mask if stride == 1 else x.mask and x.mask.every(stride)
    return Sequence(convolution(values), mask)


def normalise(x: Sequence, gamma: str = "ones") -> Sequence:
    """Batch normalisation whose statistics leave padding out."""
    layer = layers.BatchNormalization(gamma_initializer=gamma)
    if x.mask is None:
        return Sequence(layer(x.values))
    # An operation and not a layer: it drops the mask that Keras hangs on the values, which pooling warns of.
    return Sequence(ops.multiply(layer(x.values, mask=x.mask.steps), x.mask.column), x.mask)


def max_pool(x: Sequence, size: int) -> Sequence:
    """(B, T, C) -> (B, floor(T / size), C): steps that do not fill a window at the end are left out.

    Of recordings of any length they are kept, as in `max_pool_all`: a short one would have nothing left.
    """
    return max_pool_all(x, size) if x.mask else Sequence(layers.MaxPooling1D(size)(x.values))


def max_pool_all(x: Sequence, size: int) -> Sequence:
    """(B, T, C) -> (B, ceil(T / size), C): the last window may be filled in part."""
    values = ops.pad(_with_padding(x, -_HIDDEN), [[0, 0], [0, size - 1], [0, 0]], constant_values=-_HIDDEN)
    return Sequence(layers.MaxPooling1D(size)(values), x.mask and x.mask.every(size))


def max_pool_stem(x: Sequence) -> Sequence:
    """(B, T, C) of ReLU -> (B, ceil(T / 2), C), the greatest of three steps (He et al. 2016)."""
    values = layers.ZeroPadding1D(1)(_with_padding(x, 0.0))
    return Sequence(layers.MaxPooling1D(3, strides=2)(values), x.mask and x.mask.every(2))


def average_pool_half(x: Sequence) -> Sequence:
    """(B, T, C) -> (B, ceil(T / 2), C): means of pairs; the last pair may have one step only."""
    pool = layers.AveragePooling1D(2, padding="same")
    values = pool(_with_padding(x, 0.0))
    if x.mask is not None:
        share = pool(x.mask.column)
        values = layers.Multiply()([values, 1 / ops.maximum(share, 0.5)])
    return Sequence(values, x.mask and x.mask.every(2))


def mean(x: Sequence) -> keras.KerasTensor:
    """(B, T, C) -> (B, C): the mean over real steps, in float32: a long sum overflows half precision."""
    if x.mask is None:
        return layers.GlobalAveragePooling1D(dtype="float32")(x.values)
    total = ops.sum(_with_padding(x, 0.0, "float32"), axis=1)
    return total / ops.maximum(ops.sum(x.mask.steps, axis=1, keepdims=True), 1.0)


def greatest(x: Sequence) -> keras.KerasTensor:
    """(B, T, C) -> (B, C): the greatest over real steps."""
    return layers.GlobalMaxPooling1D()(_with_padding(x, -_HIDDEN))


def _with_padding(x: Sequence, value: float, dtype: str | None = None) -> keras.KerasTensor:
    """Return the values with `value` at every step of padding."""
    if x.mask is None:
        return x.values
    values = layers.Multiply(dtype=dtype)([x.values, x.mask.column])
    return values if value == 0 else layers.Add(dtype=dtype)([values, (1.0 - x.mask.column) * value])
