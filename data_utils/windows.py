"""Windows cut from mapped recordings: some leads of them, at the stored rate or a lower one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from data_utils.gaps import bridged

# Of scipy's `resample_poly`: its filter spans ten samples of the lower rate on either side.
_HALF_FILTER = 10


@dataclass(frozen=True, eq=False)
class Cut:
    """Windows, and what of them is real.

    Attributes:
        signal: (B, T, C) float32 mV; 0 where there is nothing.
        low, high: (B,) the samples low <= t < high lie inside the row's stretch.
        gaps: (B, T, C) bool, True where a sample was not finite; None where all were.
    """

    signal: np.ndarray
    low: np.ndarray
    high: np.ndarray
    gaps: np.ndarray | None = None

    def inside(self) -> np.ndarray:
        """(B, T) bool, False where a window reaches beyond its stretch."""
        time = np.arange(self.signal.shape[1])
        return (time >= self.low[:, None]) & (time < self.high[:, None])

    def known(self) -> np.ndarray:
        """(B, T, C) bool, True for samples that were measured."""
        inside = np.broadcast_to(self.inside()[..., None], self.signal.shape)
        return inside if self.gaps is None else inside & ~self.gaps


class Windows:
    """Reads windows of a data set.

    Args:
        chosen: names of the leads to read, in that order; empty takes all.
        resample_to: Hz of the windows; 0 leaves the stored rate.
    Raises:
        BadInput: a lead that is not there, or a rate above the stored one.
    """

    def __init__(self, dataset: Dataset, chosen: Sequence[str] = (), resample_to: float = 0.0) -> None:
        self.samples = np.asarray(dataset.samples)  # the same pages, without memmap's slow indexing
        self.channels = columns(dataset.leads, chosen)
        self.up, self.down = ratio(dataset.rate, resample_to)
        self.rate = dataset.rate * self.up / self.down  # Hz of the windows

    def length(self, stored: np.ndarray) -> np.ndarray:
        """Samples of windows that span `stored` samples of the recording."""
        return -(-np.asarray(stored) * self.up // self.down)

    def cut(self, begin: np.ndarray, low: np.ndarray, high: np.ndarray, length: int) -> Cut:
        """Windows of `length` samples.

        Args:
            begin: (B,) where they begin in `samples`; it may lie before or behind what is there.
            low, high: (B,) the stretch low <= s < high of `samples` that each window may see.
        """
        if self.up == self.down:
            return self._cut(begin, low, high, length)
        # Whole steps of the lower rate, so that its samples stay where they are.
        steps = -(-_HALF_FILTER // self.up) + 1
        margin = steps * self.down
        stored = self._cut(begin - margin, low, high, (length * self.down) // self.up + 1 + 2 * margin)
        return self._resampled(stored, steps * self.up, length)

    def _cut(self, begin: np.ndarray, low: np.ndarray, high: np.ndarray, length: int) -> Cut:
        first = np.clip(low - begin, 0, length)
        last = np.clip(high - begin, first, length)
        signal = np.zeros((len(begin), length, self._width()), np.float32)
        for window, at, a, b in zip(signal, begin.tolist(), first.tolist(), last.tolist(), strict=True):
            window[a:b] = self.samples[at + a : at + b, self.channels]
        # A sum of finite numbers is finite, and far cheaper than asking each.
        if np.isfinite(signal.sum()):
            return Cut(signal, first, last)
        gaps = ~np.isfinite(signal)
        signal[gaps] = 0.0
        return Cut(signal, first, last, gaps)

    def _width(self) -> int:
        return self.samples[:0, self.channels].shape[1]

    def _resampled(self, stored: Cut, skip: int, length: int) -> Cut:
        """The windows at the lower rate, without the first `skip` samples, which are margin."""
        # Here, because it takes half as long to import as all that a run at the stored rate needs of SciPy.
        from scipy.signal import resample_poly

        signal = resample_poly(_bridged(stored), self.up, self.down, axis=1)
        keep = slice(skip, skip + length)
        low, high = (np.clip(self.length(edge) - skip, 0, length) for edge in (stored.low, stored.high))
        cut = Cut(np.ascontiguousarray(signal[:, keep], np.float32), low, high, self._gaps(stored, keep))
        cut.signal[~cut.known()] = 0.0
        return cut

    def _gaps(self, stored: Cut, keep: slice) -> np.ndarray | None:
        """Where a sample of the lower rate lies in a gap: one of its two neighbours is missing."""
        if stored.gaps is None:
            return None
        where = np.arange(keep.start, keep.stop) * self.down
        last = stored.gaps.shape[1] - 1
        before, after = np.minimum(where // self.up, last), np.minimum(-(-where // self.up), last)
        return stored.gaps[:, before] | stored.gaps[:, after]


def places(side: Side, before: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the windows of a side lie in its data set's samples.

    Args:
        before: samples of a window that lie before its beat; without a beat it begins at the row's start.
    Returns:
        begin, low, high (n,) int64 as `Windows.cut` takes them.
    """
    dataset, rows = side.dataset, side.rows
    first = dataset.recordings.first[dataset.rows.recording[rows]]
    anchor, start = dataset.rows.anchor[rows], dataset.rows.start[rows]
    low = first + start
    return first + np.where(anchor >= 0, anchor - before, start), low, low + dataset.rows.length[rows]


def _bridged(cut: Cut) -> np.ndarray:
    """(B, T, C) with straight lines where nothing was measured: a filter would ring at a fall to 0 mV."""
    known = cut.known()
    signal = cut.signal.copy()
    for row in np.flatnonzero(~known.all(axis=(1, 2))):
        for channel in range(signal.shape[2]):
            lead = np.where(known[row, :, channel], signal[row, :, channel], np.nan)
            signal[row, :, channel] = bridged(lead)[0]
    return signal


def ratio(rate: float, resample_to: float) -> tuple[int, int]:
    """(up, down) from `rate` to `resample_to` Hz, in lowest terms; (1, 1) where that is 0.

    Raises:
        BadInput: a rate above the stored one, which would only make up samples.
    """
    if not resample_to:
        return 1, 1
    if resample_to > rate:
        raise BadInput(f"resample_to={resample_to:g} Hz is above the file's {rate:g} Hz: give a lower rate.")
    quotient = Fraction(resample_to).limit_denominator(1000) / Fraction(rate).limit_denominator(1000)
    return quotient.numerator, quotient.denominator


def columns(leads: Sequence[str], chosen: Sequence[str]) -> slice | np.ndarray:
    """Where the chosen leads lie among `leads`; empty chooses all.

    Raises:
        BadInput: a lead that is not there, or is chosen twice.
    """
    missing = [lead for lead in chosen if lead not in leads]
    if missing:
        raise BadInput(f"There is no lead {', '.join(missing)}: the file has {', '.join(leads)}.")
    if len(set(chosen)) < len(chosen):
        raise BadInput(f"leads={','.join(chosen)} names a lead twice.")
    where = [list(leads).index(lead) for lead in chosen] or list(range(len(leads)))
    # A slice reads without a copy in between.
    if where == list(range(where[0], where[0] + len(where))):
        return slice(where[0], where[0] + len(where))
    return np.array(where)
