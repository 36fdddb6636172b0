"""What a builder does to every recording before it is stored, as data: serving repeats it from the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np
from scipy import signal as dsp

from data_utils.errors import BadInput, BadRecord
from data_utils.filters import butterworth, notch
from data_utils.gaps import bridged

_ORDER = 4
# Width of the notch: its centre over its bandwidth, so 50 Hz loses 48.3 to 51.7 Hz.
_NOTCH_Q = 15.0
MISSING_LEADS = ("refuse", "zero")


@dataclass(frozen=True)
class Recipe:
    """Leads, filters, rate and range of the stored signal. What is None is left as the recording has it.

    Filters run at the recording's own rate, forward and backward, so that no wave moves in time; an upper
    edge or a notch at or above half of that rate has nothing to take out and is passed over. Missing samples
    (NaN) are bridged for filtering and are NaN again afterwards: a gap costs its own samples and no others.

    Attributes:
        rate: Hz of the stored signal, by polyphase resampling, which holds back what would alias.
        band_pass: edges in Hz of a Butterworth filter of order 4 (-6 dB at the edges, as it runs twice).
        notch: Hz of the mains.
        leads: names, in the order of storing, found without regard to case; empty keeps the recording's own.
        missing_leads: "refuse" a recording that lacks a lead, or store "zero".
        clip: mV; what lies further from 0 is set to it.
    Raises:
        BadInput: values that make no sense.

    >>> Recipe(rate=100, leads=("I", "II")).apply(np.zeros((5000, 2)), 500, ["II", "I"]).shape
    (1000, 2)
    """

    rate: float | None = None
    band_pass: tuple[float, float] | None = None
    notch: float | None = None
    leads: tuple[str, ...] = ()
    missing_leads: str = "refuse"
    clip: float | None = None

    def __post_init__(self) -> None:
        for name in ("rate", "notch", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise BadInput(f"{name}={value:g} must be a positive number.")
        if self.band_pass is not None and not 0 < self.band_pass[0] < self.band_pass[1]:
            raise BadInput(f"band_pass={self.band_pass} must be two edges in Hz, the lower one first.")
        if self.missing_leads not in MISSING_LEADS:
            raise BadInput(f"missing_leads={self.missing_leads!r} must be one of {', '.join(MISSING_LEADS)}.")
        if len({lead.casefold() for lead in self.leads}) < len(self.leads):
            raise BadInput(f"leads={','.join(self.leads)} names a lead twice.")

    def apply(self, signal: np.ndarray, rate: float, leads: Sequence[str]) -> np.ndarray:
        """The signal as it is stored.

        Args:
            signal: (S, C) mV, NaN where missing.
            rate: Hz of the recording.
            leads: its C lead names.
        Returns:
            (S', C') float32 mV at `self.rate`, S' = ceil(S * self.rate / rate), of `self.leads`.
        Raises:
            BadRecord: a lead that is missing (with "refuse") or there twice, or a rate below the band.
        """
        stored = np.zeros((self.length(len(signal), rate), len(self.leads or leads)), np.float32)
        for channel, source in enumerate(self._channels(leads)):
            if source is not None:
                stored[:, channel] = self._lead(signal[:, source], rate)
        return stored

    def positions(self, samples: np.ndarray, rate: float, length: int) -> np.ndarray:
        """Where samples of a recording, such as its beats, lie in the stored signal.

        Args:
            samples: (n,) positions in a recording of `length` samples at `rate` Hz.
        Returns:
            (n,) int64, the nearest stored sample.
        """
        up, down = self._ratio(rate)
        nearest = (np.asarray(samples, np.int64) * up + down // 2) // down
        return np.minimum(nearest, self.length(length, rate) - 1)

    def length(self, length: int, rate: float) -> int:
        """Stored samples of a recording of `length` samples at `rate` Hz."""
        up, down = self._ratio(rate)
        return -(-length * up // down)

    def to_json(self) -> dict:
        """Plain data that `from_json` reads back; builders keep it under `preparation["recipe"]`."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: dict) -> Recipe:
        return cls(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        )

    def _ratio(self, rate: float) -> tuple[int, int]:
        ratio = _fraction(self.rate or rate) / _fraction(rate)
        return ratio.numerator, ratio.denominator

    def _channels(self, leads: Sequence[str]) -> list[int | None]:
        """Where each wanted lead is in a recording; None where it is missing and stored as zero."""
        if not self.leads:
            return list(range(len(leads)))
        names = [lead.casefold() for lead in leads]
        wanted = [lead.casefold() for lead in self.leads]
        missing = [lead for lead in self.leads if lead.casefold() not in names]
        if missing and self.missing_leads == "refuse":
            raise BadRecord(f"no lead named {', '.join(missing)}; it has {', '.join(leads) or 'none'}")
        twice = [lead for lead in wanted if names.count(lead) > 1]
        if twice:
            raise BadRecord(f"two leads named {', '.join(twice)}")
        return [names.index(lead) if lead in names else None for lead in wanted]

    def _lead(self, lead: np.ndarray, rate: float) -> np.ndarray:
        """(S,) -> (S',) of one lead."""
        lead, known = bridged(lead)
        lead, known = self._resampled(self._filtered(lead, rate), known, rate)
        if self.clip is not None:
            lead = lead.clip(-self.clip, self.clip)
        return np.where(known, lead, np.nan)

    def _filtered(self, lead: np.ndarray, rate: float) -> np.ndarray:
        if self.band_pass is not None:
            low, high = self.band_pass
            if low >= rate / 2:
                raise BadRecord(f"sampled at {rate:g} Hz, too slowly for a band from {low:g} Hz")
            # The lower edge rings for about its period: the ends are mirrored for as long.
            lead = butterworth(lead, rate, _ORDER, low, high, mirrored=3 / low)
        if self.notch is not None and self.notch < rate / 2:
            lead = notch(lead, rate, self.notch, _NOTCH_Q)
        return lead

    def _resampled(self, lead: np.ndarray, known: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
        """The lead at the stored rate, and which of its samples lie between known ones."""
        up, down = self._ratio(rate)
        if up == down:
            return lead, known
        resampled = dsp.resample_poly(lead, up, down, padtype="edge")
        where = np.arange(len(resampled), dtype=np.int64) * down
        before, after = where // up, np.minimum(-(-where // up), len(lead) - 1)
        return resampled, known[before] & known[after]


def _fraction(rate: float) -> Fraction:
    return Fraction(rate).limit_denominator(1000)
