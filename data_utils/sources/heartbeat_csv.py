"""Single heartbeats as a table of 187 samples at 125 Hz and a class, as published on Kaggle after Kachuee,
Fazeli and Sarrafzadeh 2018, IEEE ICHI (arXiv 1805.00794); or the same form from MIT-BIH itself.

The table does not say which patient a beat is of, and the same patients are in its training and its test
file: every result on it flatters, and the dataset file says that groups are unknown. Made from MIT-BIH
(`from_mitdb`) the beats keep their patients, and the split is that of `data_utils.sources.mitdb`. The
original table was not at hand; reading was tried on tables of its form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from data_utils.errors import BadInput, BadRecord
from data_utils.sources import mitdb
from data_utils.sources.registry import Source, option, register_source
from data_utils.summary import LeftOut
from data_utils.wfdb_records import read_signal
from data_utils.write import BeatRows, DatasetWriter, Description, writing

RATE = 125.0
LENGTH = 187
TRAIN, TEST = "mitbih_train.csv", "mitbih_test.csv"
CLASSES = tuple(mitdb.AAMI)
# A beat's segment is 1.2 times the median distance of the beats within ten seconds.
_STRETCH, _NEARBY = 1.2, 10.0
_FOLDS = 6
# Beats that are dealt together: enough parts that each class can be ranked, few enough to list.
_PART = 200


@dataclass(frozen=True)
class Options:
    """See each field."""

    from_mitdb: str | None = option(
        None, "Make the table's form from this folder of MIT-BIH, with its patients.", "folder"
    )


def build(
    source: Path,
    out: Path,
    options: Options = Options(),
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[LeftOut]:
    """Read `mitbih_train.csv` and, where it is there, `mitbih_test.csv` of a folder, or MIT-BIH's records.

    Raises:
        BadInput: no such table or one of another form, and what `writing` refuses.
    """
    if options.from_mitdb is not None:
        return _from_mitdb(Path(options.from_mitdb), out, overwrite, progress)
    left_out: list[LeftOut] = []
    with writing(out, _description(groups_known=False), overwrite) as writer:
        folds: dict[str, int] = {}
        sides = [name for name in (TRAIN, TEST) if name == TRAIN or (source / name).is_file()]
        for done, name in enumerate(sides, start=1):
            beats, classes, bad = _table(source / name)
            if bad:
                left_out.append(LeftOut(f"{bad} rows of {name}", "not numbers from start to end", 0))
            folds |= _add(writer, name, beats, classes)
            progress(done, len(sides))
        writer.finish(folds, left_out)
    return left_out


def _table(path: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """(n, 187) float32, (n,) int64 classes, and how many rows were left out.

    Raises:
        BadInput: no such table, another number of columns, or another label.
    """
    if not path.is_file():
        raise BadInput(f"There is no table {path}: --from is the folder with {TRAIN} and {TEST}.")
    try:
        table = np.loadtxt(path, delimiter=",", dtype=np.float32, ndmin=2)
    except ValueError as error:
        raise BadInput(f"{path} is not a table of numbers with commas between ({error}).") from error
    if table.shape[1] != LENGTH + 1:
        raise BadInput(
            f"{path} has {table.shape[1]} columns, not {LENGTH + 1}: {LENGTH} samples and the class, 0 to 4."
        )
    known = np.isfinite(table).all(axis=1)
    labels = table[known, -1]
    wrong = np.flatnonzero(~np.isin(labels, range(len(CLASSES))))
    if len(wrong):
        raise BadInput(f"{path}: a beat is of class {labels[wrong[0]]:g}, but classes are 0 to 4.")
    return table[known, :-1], labels.astype(np.int64), int((~known).sum())


def _add(writer: DatasetWriter, name: str, beats: np.ndarray, classes: np.ndarray) -> dict[str, int]:
    """Add a table's beats in parts that are alike in every class; the fold of each part."""
    count = _FOLDS * max(1, round(len(beats) / _PART / _FOLDS))
    # Sorted by class, in the table's order within a class, and dealt like cards.
    order = np.argsort(classes, kind="stable")
    folds = {}
    for part in range(count):
        rows = order[part::count]
        if not len(rows):
            continue
        part_name = f"{name} part {part:04d}"
        fold = part % _FOLDS
        split = "test" if name == TEST else "validation" if fold == 0 else "train"
        writer.add(part_name, part_name, split, *_recording(beats[rows], classes[rows]))
        if split != "test":
            folds[part_name] = fold
    return folds


def _recording(beats: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, BeatRows]:
    """Beats (n, 187) end to end (n * 187, 1), and a row for each."""
    count = len(beats)
    begins = np.arange(count) * LENGTH
    rows = BeatRows(
        anchor=np.full(count, -1),
        target=np.eye(len(CLASSES), dtype=np.uint8)[classes],
        covariates=np.zeros((count, 0), np.float32),
        stretch=np.stack([begins, np.full(count, LENGTH)], axis=1),
    )
    return beats.reshape(-1, 1), rows


def _from_mitdb(
    folder: Path, out: Path, overwrite: bool, progress: Callable[[int, int], None]
) -> list[LeftOut]:
    present = mitdb.records_in(folder)
    options = mitdb.Options(include_paced=True, include_q=True)
    left_out = []
    with writing(out, _description(groups_known=True), overwrite) as writer:
        for done, record in enumerate(present, start=1):
            try:
                split = options.split(record)
                signal = read_signal(folder, record, options.leads, mitdb.RATE)[:, 0]
                beats, names = mitdb.read_beats(folder, record)
                segments, kept = segments_of(signal, beats)
                classes = np.array([CLASSES.index(name) for name in names[kept]])
                writer.add(record, mitdb.patient(record), split, *_recording(segments, classes))
            except BadRecord as problem:
                left_out.append(LeftOut(record, str(problem), 1))
            progress(done, len(present))
        writer.finish(mitdb.patient_folds(writer.parts(), None), left_out)
    return left_out


def segments_of(signal: np.ndarray, beats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each beat from its peak on, for 1.2 times the median distance of beats within ten seconds, as 0 to 1.

    Kachuee et al. find the peaks; here they are the annotated ones, so that every label is of its own beat.

    Args:
        signal: (S,) mV at 360 Hz.
        beats: (n,) samples.
    Returns:
        (m, 187) float32 at 125 Hz, 0 behind the segment, and (m,) which beats: those before the signal's end.
    """
    resampled = resample_poly(signal, 25, 72, padtype="line")  # 360 Hz * 25 / 72 = 125 Hz
    peaks = np.round(beats * RATE / mitdb.RATE).astype(np.int64)
    segments, kept = [], []
    for k, (begin, length) in enumerate(zip(peaks, _lengths(peaks), strict=True)):
        segment = resampled[begin : begin + length]
        spread = np.ptp(segment) if len(segment) == length else 0.0
        if spread > 0:
            segments.append(np.pad((segment - segment.min()) / spread, (0, LENGTH - length)))
            kept.append(k)
    return np.array(segments, np.float32).reshape(-1, LENGTH), np.array(kept, np.int64)


def _lengths(peaks: np.ndarray) -> Iterator[int]:
    """Samples of each beat's segment, 187 at most."""
    for begin in np.searchsorted(peaks, peaks - _NEARBY / 2 * RATE):
        nearby = peaks[begin : begin + np.searchsorted(peaks[begin:], peaks[begin] + _NEARBY * RATE)]
        period = np.median(np.diff(nearby)) if len(nearby) > 1 else RATE
        yield int(np.clip(round(_STRETCH * period), 1, LENGTH))


def _description(groups_known: bool) -> Description:
    return Description(
        task="multiclass",
        classes=CLASSES,
        class_names=tuple(mitdb.CLASS_NAMES.values()),
        leads=("MLII",),
        rate=RATE,
        covariates=(),
        source="MIT-BIH heartbeats, 187 samples each"
        + ("" if groups_known else " (Kaggle's table: patients unknown)"),
        licence="ODC-By 1.0" if groups_known else "see Kaggle: shayanfazeli/heartbeat",
        simulated=False,
        groups_known=groups_known,
        preparation={"source": "heartbeat-csv", "units": "0 to 1 within each beat", "filter": "none"},
    )


register_source(
    "heartbeat-csv",
    Source(
        build,
        Options,
        "Kaggle's table of single heartbeats, 187 samples and a class: patients are unknown. With "
        "--from-mitdb the same form from MIT-BIH, with its patients.",
        f"folder with {TRAIN} and {TEST}",
    ),
)
