"""Confusion matrices, told from tables that write them out pair by pair."""

from __future__ import annotations

import numpy as np

from rarebeat.figures import heat
from rarebeat.server.pages.amounts import written
from rarebeat.server.pages.run.chart import figure
from rarebeat.server.pages.run.history import number
from rarebeat.server.pages.run.logged_table import Logged

MOST_LABELS = 40


def matrix(title: str, logged: Logged, true: str, decided: str, count: str) -> str | None:
    """How often what was decided as what: the shading is each row's share, the cells say the counts."""
    cells = {
        (str(a), str(b)): number(n) or 0.0
        for a, b, n in zip(logged.column(true), logged.column(decided), logged.column(count), strict=True)
    }
    labels = list(dict.fromkeys([a for a, _ in cells] + [b for _, b in cells]))
    if not cells or len(labels) > MOST_LABELS:
        return None
    counts = np.array([[cells.get((a, b), np.nan) for b in labels] for a in labels])
    total = np.nansum(counts, axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    words = [["" if np.isnan(value) else written(value) for value in row] for row in counts.tolist()]
    right = float(np.nansum(np.diag(counts)))
    said = f"{written(right)} of {written(float(np.nansum(counts)))} on the diagonal."
    drawn = heat(labels, labels, shares, words, title, said, true, decided)
    return figure(title, drawn, stretched=False)


def is_matrix(logged: Logged) -> bool:
    """Whether a table is a matrix written out: two names and a count, for all pairs of the same names, or of
    the names of several groups, such as each class and what is not of it."""
    if len(logged.columns) != 3 or not 1 < len(logged.rows) <= MOST_LABELS**2:
        return False
    first, second, counts = (logged.column(name) for name in logged.columns)
    if not all(isinstance(value, str) for value in [*first, *second]) or None in map(number, counts):
        return False
    partners: dict[str, set[str]] = {}
    for a, b in zip(first, second, strict=True):
        partners.setdefault(a, set()).add(b)
    whole = all(partners.get(b) == group for group in partners.values() for b in group)
    return whole and len(logged.rows) == sum(map(len, partners.values()))
