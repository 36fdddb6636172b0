"""Folds and sides that keep patients whole and every label's share alike, for rows of any number of labels.

A greedy deal in the spirit of iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011, ECML PKDD),
but over patients instead of rows and with all labels weighed at once; then patients are moved and exchanged
while that helps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_utils.errors import BadInput
from data_utils.layout import SPLITS
from data_utils.splits.shares import checked_shares

# One label missing on one side costs more than any unevenness, and nobody at all more than missing labels.
_MISSING = 1e6
_NOBODY = 1e8
# Gains below this are rounding, which differs between machines; the deal must not.
_GAIN = 1e-7
# Merging into more sides than this leaves sides of one or two folds, which cannot be balanced separately.
_MERGED = 6
# Patients looked at when moving and exchanging: all of them where there are few, else some by lot.
_LOOKED_AT = 1000
_EXCHANGED = 150
# With few patients one deal can be unlucky, and another costs little.
_DEALS = ((50, 12), (300, 4))


def grouped_folds(target: np.ndarray, groups: np.ndarray, k: int, seed: int = 0) -> np.ndarray:
    """A fold for every row: no patient in two folds, each label's rows and patients spread evenly.

    A label that enough patients have is in every fold, wherever such folds exist and are found. A run may
    merge folds by the remainder of their number (six into two or three), so merged folds are balanced too.
    The order of the rows does not matter.

    Args:
        target: (N, K) uint8: 1, 0, or 255 for unknown, which counts for nothing.
        groups: (N,) patients.
        k: 2 to the number of patients.
    Returns:
        (N,) int64 in 0..k-1.
    Raises:
        BadInput: k out of that range.
    """
    patients, patient = np.unique(np.asarray(groups), return_inverse=True)
    if not 2 <= k <= len(patients):
        raise BadInput(f"{k} folds do not fit {len(patients)} patients: choose 2 to {len(patients)}.")
    merges = sorted({*range(2, min(k, _MERGED) + 1), k})
    partitions = [_Partition(np.arange(k) % sides, np.bincount(np.arange(k) % sides) / k) for sides in merges]
    return _best_deal(_Patients.of(target, patient), partitions, seed)[patient]


def grouped_split(
    target: np.ndarray, groups: np.ndarray, shares: Sequence[float] = (0.7, 0.15, 0.15), seed: int = 0
) -> np.ndarray:
    """Training, validation and test side for every row, in the same way.

    Args:
        target: (N, K) uint8: 1, 0, or 255 for unknown.
        groups: (N,) patients.
        shares: of the rows, one for each of `SPLITS`, all positive, 1 together.
    Returns:
        (N,) uint8, positions in `SPLITS`.
    Raises:
        BadInput: other shares, or fewer patients than sides.
    """
    share = checked_shares(shares)
    patients, patient = np.unique(np.asarray(groups), return_inverse=True)
    if len(patients) < len(SPLITS):
        raise BadInput(f"{len(patients)} patients cannot be on {len(SPLITS)} sides: give more recordings.")
    partition = _Partition(np.arange(len(SPLITS)), share)
    return _best_deal(_Patients.of(target, patient), [partition], seed)[patient].astype(np.uint8)


@dataclass(frozen=True, eq=False)
class _Patients:
    """G patients; M columns are the labels' rows, all rows, the labels' patients and all patients."""

    part: np.ndarray  # (G, M) a patient's part of each column's sum
    has: np.ndarray  # (G, K + 1) float, 1 where the patient has the label; the last for being there at all
    weight: np.ndarray  # (M,) how much a column's unevenness counts
    missed: np.ndarray  # (K + 1,) what it costs where a side has no such patient

    @classmethod
    def of(cls, target: np.ndarray, patient: np.ndarray) -> _Patients:
        positive = np.asarray(target) == 1
        rows = np.bincount(patient).astype(float)
        counts = np.stack([np.bincount(patient, column, len(rows)) for column in positive.T], axis=1)
        counts = np.concatenate([counts, rows[:, None]], axis=1)
        has = (counts > 0).astype(float)
        columns = np.concatenate([counts, has], axis=1)
        sums = np.maximum(columns.sum(axis=0), 1)
        return cls(columns / sums, has, np.sqrt(sums), np.r_[np.full(positive.shape[1], _MISSING), _NOBODY])

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """(G,) who is dealt first: who has the rarest label, then who has most of anything, then by lot."""
        patients_with = self.has.sum(axis=0)
        rarest = np.where(self.has > 0, patients_with, np.inf).min(axis=1)
        return np.lexsort((rng.random(len(rarest)), -self.part.max(axis=1).round(12), rarest))

    def take(self, chosen: np.ndarray) -> _Patients:
        return _Patients(self.part[chosen], self.has[chosen], self.weight, self.missed)


@dataclass(frozen=True, eq=False)
class _Partition:
    """Folds merged into sides: the side of each fold (k,), and each side's share of everything (sides,)."""

    side: np.ndarray
    share: np.ndarray


class _Totals:
    """What each side of one partition holds so far, and what a change would cost.

    The cost is the weighted squared distance of the sides' parts from their shares, over the share (as in
    the chi-squared statistic), plus `missed` for every label that a side has no patient with.
    """

    def __init__(self, partition: _Partition, patients: _Patients) -> None:
        sides = len(partition.share)
        self.partition = partition
        self.weight, self.missed = patients.weight, patients.missed
        self.short = np.repeat(-partition.share[:, None], patients.part.shape[1], axis=1)  # (sides, M)
        self.holders = np.zeros((sides, patients.has.shape[1]))  # (sides, K + 1) patients

    def add(self, part: np.ndarray, has: np.ndarray, fold: int, sign: int = 1) -> None:
        side = self.partition.side[fold]
        self.short[side] += sign * part
        self.holders[side] += sign * has

    def cost(self) -> float:
        uneven = (self.weight * self.short**2 / self.partition.share[:, None]).sum()
        return float(uneven + (self.missed * (self.holders == 0)).sum())

    def pull(self, patients: _Patients) -> np.ndarray:
        """(G, sides) half the slope of the cost as a patient is added to a side."""
        return patients.part @ (self.weight * self.short / self.partition.share[:, None]).T

    def adding(self, patients: _Patients) -> np.ndarray:
        """(G, k) change of the cost when a patient who has no fold yet is put into each."""
        own = (patients.part**2 @ self.weight)[:, None] / self.partition.share
        found = patients.has @ (self.missed * (self.holders == 0)).T
        return (own + 2 * self.pull(patients) - found)[:, self.partition.side]

    def moving(self, patients: _Patients, fold: np.ndarray) -> np.ndarray:
        """(G, k) change of the cost when a patient moves from `fold` (G,) into each."""
        share, side, everyone = self.partition.share, self.partition.side[fold], np.arange(len(fold))
        own, pull = patients.part**2 @ self.weight, self.pull(patients)
        lost = (patients.has @ (self.missed * (self.holders == 1)).T)[everyone, side]
        found = patients.has @ (self.missed * (self.holders == 0)).T
        change = own[:, None] * (1 / share + 1 / share[side, None]) + 2 * (pull - pull[everyone, side, None])
        change += lost[:, None] - found
        change[everyone, side] = 0
        return change[:, self.partition.side]

    def exchanging(self, ours: _Patients, theirs: _Patients, a: int, b: int) -> np.ndarray:
        """(G, H) change of the cost when a patient of fold a and one of fold b change places."""
        a, b = self.partition.side[a], self.partition.side[b]
        if a == b:
            return np.zeros((len(ours.part), len(theirs.part)))
        share = self.partition.share
        apart = (ours.part**2 @ self.weight)[:, None] + theirs.part**2 @ self.weight
        apart -= 2 * (ours.part * self.weight) @ theirs.part.T
        slope = self.weight * (self.short[b] / share[b] - self.short[a] / share[a])
        change = apart * (1 / share[a] + 1 / share[b])
        change += 2 * ((ours.part @ slope)[:, None] - theirs.part @ slope)
        return change + self._missing(ours, theirs, a, b) + self._missing(theirs, ours, b, a).T

    def _missing(self, leaving: _Patients, coming: _Patients, side: int, other: int) -> np.ndarray:
        """(G, H) cost of labels whose last patient `side` loses, less those whose first `other` gains."""
        counted = self.missed * ((self.holders[side] == 1).astype(float) - (self.holders[other] == 0))
        return (leaving.has * counted) @ (1 - coming.has).T


class _Deal:
    """A fold for every patient, and what the partitions hold by it."""

    def __init__(self, patients: _Patients, partitions: Sequence[_Partition]) -> None:
        self.patients = patients
        self.k = len(partitions[0].side)
        self.totals = [_Totals(partition, patients) for partition in partitions]
        self.fold = np.full(len(patients.part), -1)

    def cost(self) -> float:
        return sum(totals.cost() for totals in self.totals)

    def put(self, patient: int, fold: int) -> None:
        part, has = self.patients.part[patient], self.patients.has[patient]
        for totals in self.totals:
            if self.fold[patient] >= 0:
                totals.add(part, has, self.fold[patient], -1)
            totals.add(part, has, fold)
        self.fold[patient] = fold

    def deal(self, order: np.ndarray) -> None:
        """Put patient by patient where that costs least."""
        for patient in order:
            one = self.patients.take([patient])
            self.put(patient, int(sum(totals.adding(one) for totals in self.totals)[0].round(9).argmin()))

    def mend(self, among: np.ndarray) -> None:
        """Move and exchange these patients, the best change first, until none helps."""
        while self._moved(among) or self._exchanged(among):
            pass

    def _moving(self, among: np.ndarray) -> np.ndarray:
        chosen = self.patients.take(among)
        return sum(totals.moving(chosen, self.fold[among]) for totals in self.totals).round(9)

    def _moved(self, among: np.ndarray) -> bool:
        change = self._moving(among)
        patient, fold = np.unravel_index(change.argmin(), change.shape)
        if change[patient, fold] > -_GAIN:
            return False
        self.put(among[patient], int(fold))
        return True

    def _exchanged(self, among: np.ndarray) -> bool:
        """Make the best exchange between each two folds; whether there was one."""
        moving = self._moving(among)
        found = False
        for a in range(self.k):
            for b in range(a):
                found |= self._exchanged_between(among, moving, a, b)
        return found

    def _exchanged_between(self, among: np.ndarray, moving: np.ndarray, a: int, b: int) -> bool:
        ours, theirs = self._readiest(among, moving, a, b), self._readiest(among, moving, b, a)
        if not len(ours) or not len(theirs):
            return False
        sides = self.patients.take(ours), self.patients.take(theirs)
        change = sum(totals.exchanging(*sides, a, b) for totals in self.totals).round(9)
        i, j = np.unravel_index(change.argmin(), change.shape)
        if change[i, j] > -_GAIN:
            return False
        self.put(ours[i], b)
        self.put(theirs[j], a)
        return True

    def _readiest(self, among: np.ndarray, moving: np.ndarray, a: int, b: int) -> np.ndarray:
        """Patients of fold a whom it costs least to move to b."""
        here = np.flatnonzero(self.fold[among] == a)
        return among[here[np.argsort(moving[here, b], kind="stable")[:_EXCHANGED]]]


def _best_deal(patients: _Patients, partitions: Sequence[_Partition], seed: int) -> np.ndarray:
    """(G,) int64 folds."""
    count = len(patients.part)
    deals = next((deals for most, deals in _DEALS if count <= most), 1)
    rng = np.random.default_rng(seed)
    return min(
        (_dealt(patients, partitions, rng) for _ in range(deals)), key=lambda d: round(d.cost(), 6)
    ).fold


def _dealt(patients: _Patients, partitions: Sequence[_Partition], rng: np.random.Generator) -> _Deal:
    deal = _Deal(patients, partitions)
    deal.deal(patients.order(rng))
    deal.mend(rng.permutation(len(deal.fold))[:_LOOKED_AT])
    return deal
