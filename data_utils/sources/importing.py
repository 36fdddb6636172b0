"""From a source's list of recordings to the two files of a dataset: decode on every core, prepare, write.

Recordings come from the decoding processes in the order of the list, a few at a time, so that a build of any
size needs the memory of a few dozen recordings, and the same source gives the same file on any machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data_utils.errors import BadInput, BadRecord
from data_utils.layout import SPLITS
from data_utils.sources.options import RecordingOptions
from data_utils.sources.pool import in_order
from data_utils.sources.signal import Signal
from data_utils.splits import grouped_folds, grouped_split
from data_utils.summary import LeftOut, Strip
from data_utils.write import BeatRows, DatasetWriter, Description, writing

if TYPE_CHECKING:
    from data_utils.quality import Failure
    from data_utils.sources.registry import Build

FOLDS = 6
# Of so many rejected recordings a strip is kept, of so many seconds, at about so many samples a second.
STRIPS, STRIP_SECONDS, STRIP_RATE = 12, 5.0, 100.0
# mV; recorders have steps of 0.001 to 0.005.
_COARSE = 0.01


@dataclass(frozen=True, eq=False)
class Listed:
    """A recording as its source lists it, before its signal is read.

    Attributes:
        name: of the recording, unique.
        group: its patient; its own name where patients are unknown.
        target: (K,) uint8: 1, 0, or 255 for unknown.
        where: what the source's `read` is called with; goes to another process.
        covariates: one number each, NaN where unknown.
        split, fold: of its patient, where they are published.
    """

    name: str
    group: str
    target: np.ndarray
    where: tuple
    covariates: tuple[float, ...] = ()
    split: str | None = None
    fold: int | None = None


@dataclass(frozen=True, eq=False)
class Listing:
    """Every recording of a source, and what of it was left out already."""

    description: Description
    recordings: Sequence[Listed]
    left_out: Sequence[LeftOut] = field(default_factory=tuple)


def build_from(
    listing: Callable[[Path, Any], Listing], read: Callable[..., Signal], defaults: RecordingOptions
) -> Build:
    """What builds from a source that lists its recordings first and then reads each; see `write_listing`."""

    def build(
        source: Path,
        out: Path,
        options: RecordingOptions = defaults,
        overwrite: bool = False,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[LeftOut]:
        return write_listing(listing(source, options), read, out, options, overwrite, progress)

    return build


def write_listing(
    listing: Listing,
    read: Callable[..., Signal],
    out: Path,
    options: RecordingOptions,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[LeftOut]:
    """Read, prepare and write every recording of a list; what cannot be used is left out by name.

    Args:
        read: (*where) -> Signal; raises BadRecord. Called in other processes, so a function of a module.
    Returns:
        What was left out.
    Raises:
        BadInput: a patient on two sides, nothing left to train on, or what `writing` refuses.
    """
    if not options.leads:
        raise BadInput("--leads names none: name the leads to store, with commas between.")
    listing = _wanted(listing, options)
    recordings = _split(listing.recordings, options)
    prepare = partial(_prepared, read, options)
    left_out = list(listing.left_out)
    with writing(out, listing.description, overwrite) as writer:
        seen: dict[bytes, str] = {}
        prepared = in_order(prepare, [each.where for each in recordings])
        for done, (listed, result) in enumerate(zip(recordings, prepared, strict=True), start=1):
            problem = result if isinstance(result, _Unusable) else _repeated(result, listed, seen)
            if problem:
                counts = _counts(listing, listed)
                # Pictures of a few say what was rejected; the files are no place for all of it.
                strip = problem.strip if sum(out.strip is not None for out in left_out) < STRIPS else None
                left_out.append(LeftOut(listed.name, problem.reason, 1, counts, problem.failures, strip))
            else:
                rows = _rows(listed, len(result), options, listing.description.rate)
                writer.add(listed.name, listed.group, listed.split, result, rows)
            progress(done, len(recordings))
        writer.finish(_folds(writer, recordings, options), left_out)
    return left_out


def _wanted(listing: Listing, options: RecordingOptions) -> Listing:
    """Without recordings of no class, if that is asked for; with each name once."""
    left_out, kept, names = list(listing.left_out), [], set()
    for each in listing.recordings:
        if options.drop_unlabelled and not (each.target == 1).any():
            left_out.append(LeftOut(each.name, "of none of the classes", 1))
        elif each.name in names:
            left_out.append(LeftOut(each.name, "listed before", 1, _counts(listing, each)))
        else:
            kept.append(each)
            names.add(each.name)
    if not kept:
        reasons = ", ".join(f"{each.what} ({each.reason})" for each in left_out[:3])
        raise BadInput(
            f"No recording is left of {listing.description.source}; left out: {reasons or 'none'}."
        )
    return Listing(listing.description, kept, left_out)


def _counts(listing: Listing, listed: Listed) -> dict[str, int]:
    return {
        name: int(listed.target[k] == 1)
        for k, name in enumerate(listing.description.classes)
        if listed.target[k] == 1
    }


def _split(recordings: Sequence[Listed], options: RecordingOptions) -> list[Listed]:
    """Every recording with a split: the published one, or one by patient, alike in every class."""
    if recordings[0].split is not None:
        _refuse_on_two_sides(recordings)
        return list(recordings)
    target = np.stack([each.target for each in recordings])
    groups = np.array([each.group for each in recordings])
    sides = grouped_split(target, groups, options.shares())
    return [
        Listed(e.name, e.group, e.target, e.where, e.covariates, SPLITS[side])
        for e, side in zip(recordings, sides, strict=True)
    ]


def _refuse_on_two_sides(recordings: Sequence[Listed]) -> None:
    sides: dict[str, tuple[str | None, int | None]] = {}
    for each in recordings:
        if sides.setdefault(each.group, (each.split, each.fold)) != (each.split, each.fold):
            raise BadInput(
                f"Patient {each.group} is on two sides of the published split (by {each.name}): "
                f"every patient must be on one."
            )


@dataclass(frozen=True)
class _Unusable:
    """Why a recording cannot be used."""

    reason: str
    failures: Sequence[Failure] = ()
    strip: Strip | None = None


def _prepared(read: Callable[..., Signal], options: RecordingOptions, where: tuple) -> np.ndarray | _Unusable:
    """(S, C) float16 mV as it is stored, or why the recording cannot be used."""
    try:
        signal = read(*where)
        _refuse_empty(signal.samples)
        failures = options.failures(signal)
        if failures:
            return _rejected(failures, signal)
        stored = options.recipe().apply(signal.samples, signal.rate, signal.leads)
        with np.errstate(over="ignore"):
            stored = stored.astype(np.float16)
        if np.isinf(stored).any():
            return _Unusable("reaches beyond 65 V, which is no ECG in mV")
        _refuse_empty(stored)
        _refuse_coarse(stored, options.leads)
        return stored
    except BadRecord as problem:
        return _Unusable(str(problem))


def _rejected(failures: Sequence[Failure], signal: Signal) -> _Unusable:
    from data_utils.quality import sentence

    worst = max(failures, key=lambda failure: abs(failure.value - failure.limit))
    return _Unusable(f"quality: {sentence(failures)}", failures, _strip(worst.lead, signal))


def _strip(lead: str, signal: Signal) -> Strip:
    step = max(1, round(signal.rate / STRIP_RATE))
    seen = signal.samples[: round(STRIP_SECONDS * signal.rate) : step, list(signal.leads).index(lead)]
    mv = [round(float(value), 3) if np.isfinite(value) else None for value in seen]
    return Strip(lead, signal.rate / step, mv)


def _refuse_empty(samples: np.ndarray) -> None:
    if not len(samples):
        raise BadRecord("has no samples")
    known = np.isfinite(samples)
    if not known.any():
        raise BadRecord("has no known sample: all are NaN")
    highest = np.where(known, samples, -np.inf).max(axis=0)
    if not (highest > np.where(known, samples, np.inf).min(axis=0)).any():
        raise BadRecord("is flat on every lead")


def _refuse_coarse(stored: np.ndarray, leads: Sequence[str]) -> None:
    """Half precision keeps 11 bits: far from 0, as under an electrode's offset, waves would be steps."""
    usual = np.median(np.abs(np.nan_to_num(stored)), axis=0)
    step = np.spacing(usual)
    worst = int(step.argmax())
    if step[worst] > _COARSE:
        raise BadRecord(
            f"{leads[worst]} lies about {usual[worst]:.0f} mV from 0, where it would be stored in steps of "
            f"{step[worst]:.2g} mV: take its offset off with --band-pass, or mend its unit"
        )


def _repeated(stored: np.ndarray, listed: Listed, seen: dict[bytes, str]) -> _Unusable | None:
    """Why a recording is left out whose signal was there before; None where it is new."""
    digest = hashlib.sha256(repr(stored.shape).encode() + stored.tobytes()).digest()
    first = seen.setdefault(digest, listed.name)
    return None if first == listed.name else _Unusable(f"the same signal as {first}")


def _rows(listed: Listed, length: int, options: RecordingOptions, rate: float) -> BeatRows:
    """One example for the whole recording, or one for each strip of it, all with the recording's labels."""
    stretch = np.array([[0, length]])
    if options.strips:
        stretch = strips(length, round(options.strips * rate), round(options.overlap * options.strips * rate))
    count = len(stretch)
    return BeatRows(
        anchor=np.full(count, -1),
        target=np.repeat(listed.target[None], count, axis=0),
        covariates=np.tile(np.array(listed.covariates, np.float32), (count, 1)),
        stretch=stretch,
    )


def strips(length: int, strip: int, overlap: int = 0) -> np.ndarray:
    """(n, 2) begin and length of strips of a recording; what remains at its end is in none of them.

    A recording shorter than a strip is one example of its own length.

    >>> strips(25, 10).tolist()
    [[0, 10], [10, 10]]
    """
    begins = np.arange(0, max(length - strip, 0) + 1, strip - overlap)
    return np.stack([begins, np.full(len(begins), min(strip, length))], axis=1)


def _folds(writer: DatasetWriter, recordings: Sequence[Listed], options: RecordingOptions) -> dict[str, int]:
    """Patient -> fold: the published ones, or dealt over the patients of the training file."""
    if recordings[0].fold is not None and options.folds is None:
        return {each.group: each.fold for each in recordings if each.split != "test"}
    parts = writer.parts()
    groups = np.repeat([part.group for part in parts], [len(part.target) for part in parts])
    patients = len(set(groups.tolist()))
    if options.folds is not None and not 2 <= options.folds <= patients:
        raise BadInput(
            f"--folds {options.folds} does not fit {patients} patients to train on: give 2 to {patients}."
        )
    if patients < 2:
        return dict.fromkeys(groups.tolist(), 0)
    target = np.concatenate([part.target for part in parts])
    folds = grouped_folds(target, groups, options.folds or min(FOLDS, patients))
    return dict(zip(groups.tolist(), folds.tolist(), strict=True))
