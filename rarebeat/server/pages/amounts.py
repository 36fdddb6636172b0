"""Numbers, sizes and times as one says them."""

from __future__ import annotations

import math


def written(value: float) -> str:
    """Four digits, which is more than any of them means; counts are whole."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def size(count: int) -> str:
    """Bytes as one says them.

    >>> size(532), size(21_728)
    ('532 B', '21.7 kB')
    """
    value, units = float(count), iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while value >= 1000 and (larger := next(units, None)):
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.3g} {unit}"


def duration(seconds: float) -> str:
    """Two units, as one says it: 1 h 20 min.

    >>> duration(4800.0), duration(59.2)
    ('1 h 20 min', '59 s')
    """
    whole = max(int(seconds), 0)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (whole % 60, "s")]
    told = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(told) or "0 s"
