"""Sides by when or where a patient was recorded: how well a model travels to the years and places after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

import numpy as np

from data_utils.errors import BadInput
from data_utils.layout import SPLITS
from data_utils.splits.shares import checked_shares

_TRAIN, _VALIDATION, _TEST = range(len(SPLITS))


def by_date(groups: np.ndarray, dates: np.ndarray, shares: Sequence[float] = (0.7, 0.15, 0.15)) -> np.ndarray:
    """The latest rows test, those before them validate, the earliest train.

    A patient goes where the last of the patient's recordings belongs, so that nothing from after a cut is on
    the side before it. Patients last seen on one day stay together.

    Args:
        groups: (N,) patients.
        dates: (N,) datetime64, or text as 2019-03-31 or 2019-03-31T08:15:00.
        shares: of the rows, one for each of `SPLITS`, 1 together; met as nearly as whole days allow.
    Returns:
        (N,) uint8, positions in `SPLITS`.
    Raises:
        BadInput: a date that is none or is missing, other shares, or too few days for three sides.
    """
    share = checked_shares(shares)
    _, patient = np.unique(np.asarray(groups), return_inverse=True)
    days = _days(dates)
    last = np.full(patient.max() + 1, np.iinfo(np.int64).min)
    np.maximum.at(last, patient, days)
    day, rows = np.unique(last[patient], return_counts=True)
    if len(day) < len(SPLITS):
        raise BadInput(f"{len(day)} days on which patients were last seen cannot make {len(SPLITS)} sides.")
    return _side_of_days(rows, share)[np.searchsorted(day, last[patient])]


def by_site(
    groups: np.ndarray, sites: np.ndarray, test: Collection[str], validation: Collection[str] = ()
) -> np.ndarray:
    """The named sites test and validate, the others train.

    A patient who was at several sites goes where the most held out of them goes: whoever was at a test site
    never trains.

    Args:
        groups: (N,) patients.
        sites: (N,) names.
        test: sites of the test side.
        validation: sites of the validation side.
    Returns:
        (N,) uint8, positions in `SPLITS`.
    Raises:
        BadInput: a site that no row has, one that is on both lists, or no patient left to train on.
    """
    sites = np.asarray(sites).astype(str)
    known = sorted(set(sites.tolist()))
    for name in (*test, *validation):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise BadInput(f"No recording is from site {name!r}: {_instead(near or known)}")
    twice = sorted(set(test) & set(validation))
    if twice:
        raise BadInput(f"Site {', '.join(twice)} cannot both test and validate: name it once.")
    side = np.where(
        np.isin(sites, list(test)), _TEST, np.where(np.isin(sites, list(validation)), _VALIDATION, 0)
    )
    _, patient = np.unique(np.asarray(groups), return_inverse=True)
    furthest = np.zeros(patient.max() + 1, np.uint8)
    np.maximum.at(furthest, patient, side.astype(np.uint8))
    if (furthest > _TRAIN).all():
        raise BadInput(f"Every patient was at {', '.join((*test, *validation))}: leave a site to train on.")
    return furthest[patient]


def _days(dates: np.ndarray) -> np.ndarray:
    """(N,) int64 days since 1970."""
    try:
        days = np.asarray(dates).astype("datetime64[D]")
    except ValueError as error:
        raise BadInput(f"A date is not written as 2019-03-31 ({error}).") from error
    if np.isnat(days).any():
        raise BadInput(f"Row {int(np.isnat(days).argmax())} has no date: a split by date needs one for each.")
    far = (days < np.datetime64("1800")) | (days >= np.datetime64("2300"))
    if far.any():
        # NumPy takes 31032019 for a year.
        raise BadInput(f"A date is not written as 2019-03-31 ({np.asarray(dates)[far][0]}).")
    return days.astype(np.int64)


def _side_of_days(rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(D,) uint8 side of each day, from its rows (D,) in order; every side has a day."""
    before = np.concatenate([[0], np.cumsum(rows)]) / rows.sum()
    first = int(np.clip(np.abs(before - share[_TRAIN]).argmin(), 1, len(rows) - 2))
    second = int(np.clip(np.abs(before - 1 + share[_TEST]).argmin(), first + 1, len(rows) - 1))
    side = np.full(len(rows), _VALIDATION, np.uint8)
    side[:first], side[second:] = _TRAIN, _TEST
    return side


def _instead(names: Sequence[str]) -> str:
    return f"did you mean {names[0]}?" if len(names) == 1 else f"there are {', '.join(names)}."
