"""Sides by date and by site: nothing from after a cut and nobody from a held-out place trains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_utils.errors import BadInput
from data_utils.splits import by_date, by_site

DAYS = [f"2020-01-{day:02d}" for day in range(1, 11)]


def test_the_latest_test_and_the_earliest_train() -> None:
    # Ten days of one row each: 0.7, 0.15 and 0.15 of them cut after the 7th and after the 8th or 9th.
    side = by_date(np.arange(10), np.array(DAYS))
    assert side.tolist()[:7] == [0] * 7 and side.tolist()[7] == 1 and side.tolist()[9] == 2
    assert (np.diff(side.astype(int)) >= 0).all()


def test_a_patient_goes_where_the_last_recording_belongs() -> None:
    groups = np.arange(10)
    groups[9] = 0  # the patient of the first day comes back on the last
    side = by_date(groups, np.array(DAYS))
    assert side[0] == side[9] == 2


def test_days_without_dashes_are_no_years() -> None:
    with pytest.raises(BadInput, match=r"not written as 2019-03-31 \(31032019\)"):
        by_date(np.arange(3), np.array(["31032019", "01042019", "02042019"]))


def test_hours_do_not_matter_and_one_day_stays_together() -> None:
    dates = np.array(["2020-01-01T08:00:00", "2020-01-01T20:00:00", "2020-01-02", "2020-01-03"])
    assert by_date(np.arange(4), dates).tolist() == [0, 0, 1, 2]


@given(seed=st.integers(0, 2**32 - 1), patients=st.integers(5, 60))
@settings(max_examples=40, deadline=None)
def test_nothing_that_trains_is_later_than_what_is_tested(seed: int, patients: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(patients), rng.integers(0, patients, patients)])
    days = np.datetime64("2015-01-01") + rng.integers(0, 1000, len(groups))
    if len(set(days)) < 3 * 3:
        return
    side = by_date(groups, days)
    last = np.array([days[groups == group].max() for group in groups])
    for earlier, later in ((0, 1), (1, 2)):
        assert last[side == earlier].max() < last[side == later].min()
    assert all(len(set(side[groups == group].tolist())) == 1 for group in range(patients))


@pytest.mark.parametrize(
    ("dates", "sentence"),
    [
        (["2020-01-01", "yesterday", "2020-01-03"], "not written as 2019-03-31"),
        (["2020-01-01", "NaT", "2020-01-03"], "Row 1 has no date"),
        (["2020-01-01", "2020-01-01", "2020-01-02"], "2 days on which"),
    ],
)
def test_refuses_dates_that_make_no_sides(dates: list[str], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        by_date(np.arange(3), np.array(dates))


def test_named_sites_are_held_out_and_who_was_there_never_trains() -> None:
    groups = np.array(["a", "b", "c", "d", "d"])
    sites = np.array(["north", "south", "east", "north", "south"])
    assert by_site(groups, sites, ["south"], ["east"]).tolist() == [0, 2, 1, 2, 2]


@pytest.mark.parametrize(
    ("test", "validation", "sentence"),
    [
        (["suoth"], [], "did you mean south"),
        (["south"], ["south"], "cannot both test and validate"),
        (["south"], ["north"], "leave a site to train on"),
    ],
)
def test_refuses_sites_that_make_no_sides(test: list[str], validation: list[str], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        by_site(np.array(["a", "b"]), np.array(["north", "south"]), test, validation)
