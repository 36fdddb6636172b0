"""Losses as the model sees them."""

from __future__ import annotations

import numpy as np
import pytest

from rarebeat.search.targets import normalised


def test_targets_keep_the_order_and_do_not_see_how_bad_the_worst_is() -> None:
    losses = np.array([0.3, 0.1, 0.2, 0.25, 0.15, 9.0])
    targets = normalised(losses)
    assert np.array_equal(np.argsort(targets), np.argsort(losses))
    assert targets.mean() == pytest.approx(0.0, abs=1e-12) and targets.std() == pytest.approx(1.0)
    assert normalised(np.where(losses > 1, 1e6, losses)) == pytest.approx(targets)


def test_targets_without_difference_are_zero_and_one_difference_is_seen() -> None:
    assert normalised(np.full(7, 3.0)).tolist() == [0.0] * 7
    one = normalised(np.array([1.0] * 9 + [2.0]))
    assert one[-1] > 1.0 and np.all(np.isfinite(one))


def test_runs_that_gather_around_the_best_do_not_change_the_unit() -> None:
    first = np.linspace(0.0, 1.0, 12)
    gathered = np.append(first, 1e-3 * np.arange(30))
    targets = normalised(gathered)
    # A quarter of the first runs' spread is a quarter of it still, however many runs lie near 0.
    spread = np.ptp(targets[:12])
    assert np.ptp(targets[12:]) == pytest.approx(0.029 * spread, rel=1e-9)


def test_first_runs_that_are_near_each_other_are_not_the_unit() -> None:
    losses = np.append(np.linspace(0.5, 0.501, 12), np.linspace(0.0, 1.0, 30))
    targets = normalised(losses)
    assert np.array_equal(np.argsort(targets, kind="stable"), np.argsort(losses, kind="stable"))
    assert len(np.unique(targets)) > 40
