"""An ECG as it is printed: 25 mm/s and 10 mm/mV on millimetre paper, twelve leads in four columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rarebeat.figures.svg import element, path, picture, text

_MM_PER_S, _MM_PER_MV = 25.0, 10.0
_ROW, _LEFT, _PULSE = 25.0, 12.0, 5.0  # mm
_SECONDS = 10.0
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

    The twelve standard leads are drawn in four columns of 2.5 s with lead II below; other leads each in a
    row of their own. A pulse of 1 mV and 0.2 s stands before each row.

    Args:
        signal: (S, C) mV, NaN where missing.
        rate: Hz.
        leads: C names.
        mark: s, at which an arrow points from above; None for no arrow. For leads in rows of their own.
    """
    traces = list(_traces([lead.casefold() for lead in leads], leads))
    seconds = min(_SECONDS, len(signal) / rate)
    rows = 1 + max(row for row, *_ in traces)
    width, height = _LEFT + max(seconds, 2.5) * _MM_PER_S + 3, rows * _ROW + 5
    body = [_grid(width, height, 1, "fine"), _grid(width, height, 5, "coarse")]
    body += [_pulse(row) for row in range(rows)]
    for row, lead, begin, end in traces:
        first, last = round(begin * rate), min(round(end * rate), len(signal))
        if first < last:
            body += _trace(np.asarray(signal[first:last, lead], float), rate, leads[lead], row, begin)
    if mark is not None:
        x = _LEFT + mark * _MM_PER_S
        body.append(element("path", d=f"M{x - 1.2:g} 0.6H{x + 1.2:g}L{x:g} 3.2Z", class_="fill c1"))
    return picture(width, height, title, description, body, unit="mm")


def _traces(folded: list[str], leads: Sequence[str]) -> Iterator[tuple[int, int, float, float]]:
    """(row, lead, first second, last second) of everything that is drawn."""
    standard = [name.casefold() for column in _COLUMNS for name in column]
    if not set(standard) <= set(folded):
        yield from ((row, row, 0.0, _SECONDS) for row in range(len(leads)))
        return
    for place, column in enumerate(_COLUMNS):
        for row, name in enumerate(column):
            yield row, folded.index(name.casefold()), place * 2.5, (place + 1) * 2.5
    yield 3, folded.index("ii"), 0.0, _SECONDS


def _trace(lead: np.ndarray, rate: float, name: str, row: int, begin: float) -> list[str]:
    where, lead = _thinned(lead, rate)
    middle = (row + 0.55) * _ROW
    x = _LEFT + (begin + where) * _MM_PER_S
    # What leaves the row by far would only cross others out.
    y = middle - np.clip(lead * _MM_PER_MV, -0.9 * _ROW, 0.9 * _ROW)
    label = text(_LEFT + begin * _MM_PER_S + 1, middle - 0.35 * _ROW, name, class_="lead")
    return [element("path", d=path(x, y), class_="trace"), label]


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


def _pulse(row: int) -> str:
    foot = (row + 0.55) * _ROW
    x, y = np.array([3, 3, 3 + _PULSE, 3 + _PULSE]), foot - np.array([0, _MM_PER_MV, _MM_PER_MV, 0])
    return element("path", d=path(x, y), class_="trace")


def _grid(width: float, height: float, step: int, kind: str) -> str:
    upright = "".join(f"M{x} 0V{height:g}" for x in range(0, int(width) + 1, step))
    level = "".join(f"M0 {y}H{width:g}" for y in range(0, int(height) + 1, step))
    return element("path", d=upright + level, class_=kind)
