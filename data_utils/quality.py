"""Whether a recording can be used: measures of every lead, and the named limits that they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy import signal as dsp

from data_utils.gaps import bridged
from data_utils.qrs import SLOWEST, agreement, average_beats, energy_beats

UNITS = {"duration": "s", "amplitude": "mV"}
# Samples within this of each other (mV) over so long (s) are a lead that hangs loose or is held at its limit.
_STILL = 1e-6
_STILL_FOR = 0.25
_TOLERANCE = 0.15  # s between the two detectors' beats
_SEGMENT = 4096
_MAINS = (50.0, 60.0)


@dataclass(frozen=True)
class Limits:
    """What a usable lead must keep to, (lowest, highest); None leaves that end open.

    Attributes:
        spared: share of the leads that may be outside before a measure is held against the recording. With 0
            every lead must keep every limit, which two of three recordings of PTB-XL do not.
        duration: s.
        missing: share of samples that are not finite.
        flat: share of samples in stretches of 0.25 s or more without any change.
        amplitude: mV, 99th less 1st percentile.
        baseline: power below 0.5 Hz over power in 0.5-40 Hz.
        mains: power within 2 Hz of 50 or 60 Hz over power within 10 Hz of it, the larger of the two.
        psqi: power in 5-15 Hz over power in 5-40 Hz (Li, Mark and Clifford 2008).
        bsqi: agreement of two QRS detectors within 150 ms (the same).
        kurtosis: fourth standardised moment; a normal distribution has 3, a clean ECG more than 5 (the same).
    """

    spared: float = 0.5
    duration: tuple[float | None, float | None] = (8.0, None)
    missing: tuple[float | None, float | None] = (None, 0.01)
    flat: tuple[float | None, float | None] = (None, 0.1)
    amplitude: tuple[float | None, float | None] = (0.05, 10.0)
    baseline: tuple[float | None, float | None] = (None, 0.5)
    mains: tuple[float | None, float | None] = (None, 0.5)
    psqi: tuple[float | None, float | None] = (0.2, None)
    bsqi: tuple[float | None, float | None] = (0.8, None)
    kurtosis: tuple[float | None, float | None] = (None, None)


MEASURES = tuple(field.name for field in fields(Limits) if field.name != "spared")


@dataclass(frozen=True)
class Failure:
    """A limit that a recording does not keep.

    Attributes:
        measure: name in `Limits`.
        lead: name; the first one's for the duration.
        value: as measured, in the measure's unit.
        limit: the end of the allowed range that it lies beyond.
    """

    measure: str
    lead: str
    value: float
    limit: float

    def __str__(self) -> str:
        unit = f" {UNITS[self.measure]}" if self.measure in UNITS else ""
        bound = "below" if self.value < self.limit else "above"
        where = "" if self.measure == "duration" else f" in {self.lead}"
        return f"{self.measure} {self.value:.3g}{unit}{where}, {bound} {self.limit:g}{unit}"


def assess(
    signal: np.ndarray, rate: float, leads: Sequence[str], limits: Limits | None = None
) -> list[Failure]:
    """Every limit that a recording does not keep, lead by lead; empty means that it can be used.

    A measure fails where more leads than `limits.spared` are outside; the failures name all of those leads. A
    measure that cannot be taken (mains in a recording of 100 Hz) fails nothing.

    Args:
        signal: (S, C) mV, as recorded, NaN where missing.
        rate: Hz.
        leads: C names.
        limits: the usual ones, if None.
    """
    limits = limits or Limits()
    failures = []
    for name, values in measure(signal, rate).items():
        outside = _outside(name, values, leads, getattr(limits, name))
        if len(outside) > limits.spared * len(leads):
            failures += outside[:1] if name == "duration" else outside
    return failures


def sentence(failures: Iterable[Failure]) -> str:
    """The failures as one reason, one mention of each measure, for the list of what was left out."""
    by_measure: dict[str, list[Failure]] = {}
    for failure in failures:
        by_measure.setdefault(failure.measure, []).append(failure)
    return "; ".join(_worst(of_one) for of_one in by_measure.values())


def measure(signal: np.ndarray, rate: float) -> dict[str, np.ndarray]:
    """Every measure of `Limits` by name, (C,) each; NaN where it cannot be taken.

    Args:
        signal: (S, C) mV, as recorded, NaN where missing.
        rate: Hz.
    """
    missing = ~np.isfinite(signal)
    signal = np.stack([bridged(lead)[0] for lead in np.asarray(signal).T], axis=1)
    measured = {"duration": np.full(signal.shape[1], len(signal) / rate)}
    if len(signal) < rate:
        # Too little for anything else; the duration says so.
        return measured | {name: np.full(signal.shape[1], np.nan) for name in MEASURES[1:]}
    low, high = np.percentile(signal, (1, 99), axis=0)
    measured |= {"missing": missing.mean(axis=0), "flat": _flat(signal, rate), "amplitude": high - low}
    return measured | _spectral(signal, rate) | {"bsqi": _bsqi(signal, rate), "kurtosis": _kurtosis(signal)}


def _flat(signal: np.ndarray, rate: float) -> np.ndarray:
    """(C,) share of samples in long stretches without change."""
    shares = []
    for lead in (np.abs(np.diff(signal, axis=0)) < _STILL).T:
        edges = np.flatnonzero(np.diff(lead, prepend=False, append=False))
        lengths = edges[1::2] - edges[::2] + 1
        shares.append(lengths[lengths >= _STILL_FOR * rate].sum() / len(signal))
    return np.array(shares)


def _spectral(signal: np.ndarray, rate: float) -> dict[str, np.ndarray]:
    frequency, power = dsp.welch(signal, rate, nperseg=min(_SEGMENT, len(signal)), axis=0)

    def band(low: float, high: float) -> np.ndarray:
        return power[(frequency >= low) & (frequency < high)].sum(axis=0)

    return {
        "baseline": _ratio(band(0, 0.5), band(0.5, 40)),
        "mains": _mains(band, rate, signal.shape[1]),
        "psqi": _ratio(band(5, 15), band(5, 40)),
    }


def _mains(band: Callable[[float, float], np.ndarray], rate: float, leads: int) -> np.ndarray:
    ratios = [_ratio(band(f - 2, f + 2), band(f - 10, f + 10)) for f in _MAINS if f + 10 <= rate / 2]
    return np.max(ratios, axis=0) if ratios else np.full(leads, np.nan)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    # A power of rounding alone has no ratio.
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 1e-18)


def _bsqi(signal: np.ndarray, rate: float) -> np.ndarray:
    if rate < SLOWEST:
        return np.full(signal.shape[1], np.nan)
    beats = zip(energy_beats(signal, rate), average_beats(signal, rate), strict=True)
    return np.array([agreement(one, other, _TOLERANCE * rate) for one, other in beats])


def _kurtosis(signal: np.ndarray) -> np.ndarray:
    squared = (signal - signal.mean(axis=0)) ** 2
    return _ratio((squared**2).mean(axis=0), squared.mean(axis=0) ** 2)


def _outside(
    name: str, values: np.ndarray, leads: Sequence[str], limits: tuple[float | None, float | None]
) -> list[Failure]:
    lowest, highest = limits
    failures = []
    for lead, value in zip(leads, values.tolist(), strict=True):
        if lowest is not None and value < lowest:
            failures.append(Failure(name, lead, value, lowest))
        if highest is not None and value > highest:
            failures.append(Failure(name, lead, value, highest))
    return failures


def _worst(failures: Sequence[Failure]) -> str:
    worst = max(failures, key=lambda failure: abs(failure.value - failure.limit))
    others = [failure.lead for failure in failures if failure is not worst]
    return f"{worst}" + (f" (also {', '.join(others)})" if others else "")
