"""An ECG as it is printed: 25 mm/s and 10 mm/mV on millimetre paper, twelve leads in four columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rarebeat.figures.svg import element, path, picture, text

_MM_PER_S, _MM_PER_MV = 25.0, 10.0
_LEFT, _PULSE = 12.0, 5.0  # mm
_ABOVE, _BELOW = 13.75, 11.25  # mm of a row over and under 0 mV
_HIGHEST, _LOWEST = 42.0, 32.0  # of a lead in a row of its own
_SECONDS = 10.0
_SHORTEST = 9.0  # s that fill the columns, more than half of the last one included
_COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
_POINTS_PER_MM = 4.0


def ecg(
    signal: np.ndarray,
    rate: float,
    leads: Sequence[str],
    title: str,
    description: str,
    mark: float | None = None,
) -> str:
    """The first ten seconds as SVG.

    The twelve standard leads are drawn in four columns of 2.5 s with lead II below; other leads, and those of
    a strip that does not reach the last column or of which one beat is shown, each in a row of their own. A
    pulse of 1 mV and 0.2 s stands before each row.

    Args:
        signal: (S, C) mV, NaN where missing.
        rate: Hz.
        leads: C names.
        mark: s, at which an arrow points from above; None for no arrow.
    """
    standard = _is_standard(leads) and len(signal) / rate >= _SHORTEST and mark is None
    traces = list(_traces([lead.casefold() for lead in leads], standard))
    seconds = min(_SECONDS, len(signal) / rate)
    rows = 1 + max(row for row, *_ in traces)
    above, below = (_ABOVE, _BELOW) if standard else _room(signal[: round(_SECONDS * rate)])
    feet = [row * (above + below) + above for row in range(rows)]
    width, height = _LEFT + max(seconds, 2.5) * _MM_PER_S + 3, rows * (above + below) + 5
    body = [_grid(width, height, 1, "fine"), _grid(width, height, 5, "coarse")]
    body += [_pulse(foot) for foot in feet]
    for row, lead, begin, end in traces:
        first, last = round(begin * rate), min(round(end * rate), len(signal))
        if first < last:
            trace = np.asarray(signal[first:last, lead], float)
            # What leaves the row by far would only cross others out.
            trace = np.clip(trace * _MM_PER_MV, -0.9 * (above + below), 0.9 * (above + below))
            left = _LEFT + begin * _MM_PER_S
            body.append(_trace(trace, rate, left, feet[row]))
            body.append(text(left + 1, feet[row] - above + 5, leads[lead], class_="lead"))
    if mark is not None:
        x = _LEFT + mark * _MM_PER_S
        body.append(element("path", d=f"M{x - 1.2:g} 0.6H{x + 1.2:g}L{x:g} 3.2Z", class_="fill c1"))
    return picture(width, height, title, description, body, unit="mm")


def _is_standard(leads: Sequence[str]) -> bool:
    named = {lead.casefold() for lead in leads}
    return {name.casefold() for column in _COLUMNS for name in column} <= named


def _traces(folded: list[str], standard: bool) -> Iterator[tuple[int, int, float, float]]:
    """(row, lead, first second, last second) of everything that is drawn."""
    if not standard:
        yield from ((row, row, 0.0, _SECONDS) for row in range(len(folded)))
        return
    for place, column in enumerate(_COLUMNS):
        for row, name in enumerate(column):
            yield row, folded.index(name.casefold()), place * 2.5, (place + 1) * 2.5
    yield 3, folded.index("ii"), 0.0, _SECONDS


def _room(signal: np.ndarray) -> tuple[float, float]:
    """mm over and under 0 mV that hold every lead: as little as on paper, or more in steps of 5."""
    known = signal[np.isfinite(signal)] * _MM_PER_MV
    if not len(known):
        return _ABOVE, _BELOW
    over = np.clip(np.ceil((known.max() + 1 - _ABOVE) / 5), 0, (_HIGHEST - _ABOVE) // 5)
    under = np.clip(np.ceil((-known.min() + 1 - _BELOW) / 5), 0, (_LOWEST - _BELOW) // 5)
    return _ABOVE + 5 * float(over), _BELOW + 5 * float(under)


def _trace(height: np.ndarray, rate: float, left: float, foot: float) -> str:
    """A lead (n,) in mm over 0 mV, as a line."""
    where, height = _thinned(height, rate)
    return element("path", d=path(left + where * _MM_PER_S, foot - height), class_="trace")


def _thinned(lead: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Times (s) and values of the lowest and highest sample of each stretch that is one printed dot."""
    size = max(1, round(2 * rate / (_MM_PER_S * _POINTS_PER_MM)))
    if size <= 2:
        return np.arange(len(lead)) / rate, lead
    kept = len(lead) // size * size
    dots = lead[:kept].reshape(-1, size)
    gaps = np.isnan(dots).any(axis=1)
    filled = np.where(gaps[:, None], 0.0, dots)
    chosen = np.sort(np.stack([filled.argmin(axis=1), filled.argmax(axis=1)], axis=1), axis=1)
    values = np.where(gaps[:, None], np.nan, np.take_along_axis(dots, chosen, axis=1))
    return (chosen + np.arange(len(dots))[:, None] * size).ravel() / rate, values.ravel()


def _pulse(foot: float) -> str:
    x, y = np.array([3, 3, 3 + _PULSE, 3 + _PULSE]), foot - np.array([0, _MM_PER_MV, _MM_PER_MV, 0])
    return element("path", d=path(x, y), class_="trace")


def _grid(width: float, height: float, step: int, kind: str) -> str:
    upright = "".join(f"M{x} 0V{height:g}" for x in range(0, int(width) + 1, step))
    level = "".join(f"M0 {y}H{width:g}" for y in range(0, int(height) + 1, step))
    return element("path", d=upright + level, class_=kind)
