"""What is added to an example: baseline wander, and noise that is white or was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from data_utils.errors import BadInput, BadRecord
from data_utils.white_noise import white_noise

# Hz; respiration and electrodes, as MIT-BIH's noise record bw has it.
_WANDER = (0.05, 0.5)
# dB by which the noise of an example may be weaker than the worst.
_SPREAD = 10.0


def wander(shape: tuple[int, int, int], most: float, rate: float, rng: np.random.Generator) -> np.ndarray:
    """(B, T, L) float32 mV: one slow sine in each lead, of the same frequency in all leads of an example."""
    size, length, leads = shape
    time = np.arange(length, dtype=np.float32) / rate
    frequency = rng.uniform(*_WANDER, (size, 1, 1)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (size, 1, leads)).astype(np.float32)
    height = rng.uniform(0, most, (size, 1, leads)).astype(np.float32)
    return height * np.sin(2 * np.float32(np.pi) * frequency * time[:, None] + phase)


def noise_level(signal: np.ndarray, known: np.ndarray, worst: float, rng: np.random.Generator) -> np.ndarray:
    """(B,) float32 standard deviation of noise at `worst` to `worst` + 10 dB below the signal's.

    The signal's power is that about the mean of each lead, over what is known, of all leads together.
    """
    count = np.maximum(known.sum(axis=1), 1)  # (B, C)
    mean = np.where(known, signal, 0).sum(axis=1) / count
    square = (np.where(known, signal - mean[:, None], 0) ** 2).sum(axis=(1, 2)) / np.maximum(
        count.sum(axis=1), 1
    )
    ratio = rng.uniform(worst, worst + _SPREAD, len(signal))
    return np.sqrt(square * 10 ** (-ratio / 10)).astype(np.float32)


class WhiteNoise:
    """Independent samples of deviation 1."""

    def draw(self, shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
        """(B, T, L) float32."""
        return np.stack([white_noise(shape[1:], 1.0, rng) for _ in range(shape[0])])


class RecordedNoise:
    """Stretches of recorded noise, from any place and channel for each lead, made mean 0 and deviation 1.

    Args:
        paths: WFDB records, such as `ma` of the MIT-BIH Noise Stress Test (Moody et al. 1984).
        rate: Hz that they are resampled to.
    Raises:
        BadInput: a record that cannot be read.
    """

    def __init__(self, paths: Sequence[Path], rate: float) -> None:
        self.channels = [channel for path in paths for channel in _read(path, rate)]
        self.paths = paths

    def draw(self, shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
        """(B, T, L) float32."""
        size, length, leads = shape
        lengths = np.array([len(channel) for channel in self.channels])
        if lengths.min() < length:
            names = ", ".join(map(str, self.paths))
            raise BadInput(f"noise_from={names} is shorter than an example: name longer records of noise.")
        chosen = rng.integers(len(self.channels), size=(size, leads))
        begin = rng.integers(lengths[chosen] - length + 1)
        drawn = np.empty(shape, np.float32)
        for example, lead in np.ndindex(size, leads):
            first = begin[example, lead]
            drawn[example, :, lead] = self.channels[chosen[example, lead]][first : first + length]
        drawn -= drawn.mean(axis=1, keepdims=True)
        return drawn / np.maximum(drawn.std(axis=1, keepdims=True), 1e-6)


def _read(path: Path, rate: float) -> list[np.ndarray]:
    """The record's channels at `rate` Hz, (S,) float32 each."""
    # Half a second that only those pay who add recorded noise.
    from scipy.signal import resample_poly

    from data_utils.wfdb_records import read_record

    try:
        record = read_record(path.parent, path.name)
    except BadRecord as error:
        raise BadInput(f"noise_from={path} cannot be read: {error}.") from error
    ratio = Fraction(rate / record.rate).limit_denominator(1000)
    samples = resample_poly(np.nan_to_num(record.samples), ratio.numerator, ratio.denominator)
    return list(samples.T.astype(np.float32))
