"""The MIT-BIH Arrhythmia Database (Moody and Mark 2001, IEEE Eng Med Biol Mag 20:45) as beats in AAMI
classes.

Classes are those of ANSI/AAMI EC57; the split into DS1 and DS2 is that of de Chazal, O'Dwyer and Reilly
2004, IEEE Trans Biomed Eng 51:1196: DS1 trains, DS2 is sealed. Records 201 and 202 are one person and lie
on both sides of the published split, so 202 is left out unless the published split is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_utils.download import fetch
from data_utils.errors import BadInput, BadRecord
from data_utils.rr import RR_COVARIATES, rr_covariates
from data_utils.sources.importing import strips
from data_utils.sources.registry import Source, option, register_source
from data_utils.splits import balanced_folds
from data_utils.summary import LeftOut, Part
from data_utils.wfdb_records import read_annotations, read_signal
from data_utils.write import BeatRows, DatasetWriter, Description, writing

DATABASE = "mitdb/1.0.0"
RATE = 360.0
FOLDS = 6
AAMI = {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}
CLASS_NAMES = {
    "N": "Normal or bundle branch block",
    "S": "Supraventricular ectopic",
    "V": "Ventricular ectopic",
    "F": "Fusion of ventricular and normal",
    "Q": "Paced or unclassifiable",
}
DS1 = (
    *("101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122"),
    *("124", "201", "203", "205", "207", "208", "209", "215", "220", "223", "230"),
)
DS2 = (
    *("100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210"),
    *("212", "213", "214", "219", "221", "222", "228", "231", "232", "233", "234"),
)
PACED = ("102", "104", "107", "217")
VALIDATION = ("114", "124", "205", "207", "220")
RECORDS = tuple(sorted((*DS1, *DS2, *PACED)))
_ENDINGS = (".hea", ".dat", ".atr")

_CLASS_OF = {symbol: name for name, symbols in AAMI.items() for symbol in symbols}


@dataclass(frozen=True)
class Options:
    """What may be asked for differently. Without class Q its beats only count as neighbours in time."""

    leads: tuple[str, ...] = option(("MLII",), "Lead names, comma between; chosen by name.", "names")
    include_paced: bool = option(False, "Let the paced records 102 104 107 217 train.", "flag")
    include_q: bool = option(False, "Make Q (paced or unclassifiable) a class of its own.", "flag")
    published_split: bool = option(False, "Test on 202 although the same person trains as 201.", "flag")
    folds: int | None = option(None, "Patient-wise folds of the training side.  [default: 6]", "int")
    strips: float | None = option(
        None, "Rows of that many seconds with every class that they hold, instead of beats.", "seconds"
    )

    def __post_init__(self) -> None:
        if not self.leads or len(set(self.leads)) < len(self.leads):
            raise BadInput(f"--leads {','.join(self.leads)} must name one lead or more, each once.")
        if self.strips is not None and not 1 / RATE <= self.strips <= 1800:
            raise BadInput(f"--strips {self.strips:g} must be a number of seconds up to 1800.")

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(AAMI) if self.include_q else tuple(name for name in AAMI if name != "Q")

    def split(self, record: str) -> str:
        """ "train", "validation" or "test". Raises BadRecord for a record that belongs to none."""
        if record in PACED and not self.include_paced:
            raise BadRecord("paced (--include-paced lets it train)")
        if record == "202" and not self.published_split:
            raise BadRecord(
                "same person as 201, which belongs to the training side (--published-split tests on it)"
            )
        if record in DS2:
            return "test"
        return "validation" if record in VALIDATION else "train"


def build(
    folder: Path,
    out: Path,
    options: Options = Options(),
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[LeftOut]:
    """Read the WFDB records of a folder into `out` and its `.test.h5`.

    A record that cannot be used is left out, with its reason; the others go on.

    Returns:
        What was left out.
    Raises:
        BadInput: no such folder, no record of the database in it, nothing left to train on, more folds than
            patients, or what `data_utils.write.writing` refuses.
    """
    present = records_in(folder)
    on_both_sides = [patient("202")] if options.published_split else []
    with writing(out, _description(options), overwrite, on_both_sides) as writer:
        importing = _Import(folder, options, writer)
        for done, record in enumerate(present, start=1):
            importing.add(record)
            progress(done, len(present))
        left_out = importing.all_left_out(absent=sorted(set(RECORDS) - set(present)))
        writer.finish(patient_folds(writer.parts(), options.folds), left_out)
    return left_out


class _Import:
    """Adds records to a writer one by one, and remembers what it left out."""

    def __init__(self, folder: Path, options: Options, writer: DatasetWriter) -> None:
        self.folder = folder
        self.options = options
        self.writer = writer
        self.left_out: list[LeftOut] = []
        self.unused: dict[str, int] = {}  # record -> its beats of class Q, where Q is not asked for

    def add(self, record: str) -> None:
        counts: dict[str, int] = {}
        try:
            beats, classes = read_beats(self.folder, record)
            counts = {name: int((classes == name).sum()) for name in AAMI}
            split = self.options.split(record)
            samples = read_signal(self.folder, record, self.options.leads, RATE)
            if beats[-1] >= len(samples):
                raise BadRecord(f"its last beat {beats[-1]} lies behind its last sample {len(samples) - 1}")
        except BadRecord as problem:
            self.left_out.append(LeftOut(record, str(problem), 1, counts))
            return
        rows = (
            self._strips(len(samples), beats, classes) if self.options.strips else self._rows(beats, classes)
        )
        self.writer.add(record, patient(record), split, samples, rows)
        if counts["Q"] and not self.options.include_q:
            self.unused[record] = counts["Q"]

    def _rows(self, beats: np.ndarray, classes: np.ndarray) -> BeatRows:
        kept = np.isin(classes, self.options.classes)
        return BeatRows(
            anchor=beats[kept],
            target=(classes[kept, None] == np.array(self.options.classes)).astype(np.uint8),
            # Every beat is a neighbour in time, also one whose class is not used.
            covariates=rr_covariates(beats, RATE)[kept],
        )

    def _strips(self, length: int, beats: np.ndarray, classes: np.ndarray) -> BeatRows:
        """One row for each whole strip of the record: 1 for every class that has a beat in it."""
        stretch = strips(length, round(self.options.strips * RATE))
        target = np.zeros((len(stretch), len(self.options.classes)), np.uint8)
        strip = beats // stretch[0, 1]
        for k, name in enumerate(self.options.classes):
            held = strip[classes == name]
            target[held[held < len(stretch)], k] = 1
        return BeatRows(np.full(len(stretch), -1), target, np.zeros((len(stretch), 0), np.float32), stretch)

    def all_left_out(self, absent: Sequence[str]) -> list[LeftOut]:
        left_out = list(self.left_out)
        if self.unused:
            counts = {name: sum(self.unused.values()) if name == "Q" else 0 for name in AAMI}
            reason = "beats of the records that are in (--include-q makes Q a class)"
            left_out.append(LeftOut(f"Q in {' '.join(self.unused)}", reason, 0, counts))
        if absent:
            left_out.append(LeftOut(" ".join(absent), "not in the folder", 0, {}))
        return left_out


def patient(record: str) -> str:
    """The person whom a record is of: 201 and 202 are one."""
    return "201" if record == "202" else record


def read_beats(folder: Path, record: str) -> tuple[np.ndarray, np.ndarray]:
    """Samples (n,) int64 of the beats of a record and their AAMI classes (n,) str, without other annotations.

    Raises:
        BadRecord: no annotations, or none that is a beat.
    """
    samples, symbols = read_annotations(folder, record)
    is_beat = np.isin(symbols, list(_CLASS_OF))
    if not is_beat.any():
        raise BadRecord("its annotations name no beat")
    return samples[is_beat], np.array([_CLASS_OF[symbol] for symbol in symbols[is_beat]])


def records_in(folder: Path) -> list[str]:
    """Records of the database of which the folder has a file. Raises BadInput: none, or no folder."""
    if not folder.is_dir():
        raise BadInput(
            f"There is no folder {folder}: give --from the folder with 100.hea, 100.dat, 100.atr …"
        )
    present = [record for record in RECORDS if any((folder / f"{record}{e}").is_file() for e in _ENDINGS)]
    if not present:
        raise BadInput(
            f"{folder} has no MIT-BIH record: give --from the folder with 100.hea, 100.dat, 100.atr …"
        )
    return present


def patient_folds(parts: Sequence[Part], folds: int | None) -> dict[str, int]:
    counts: dict[str, np.ndarray] = {}
    for part in parts:
        counts[part.group] = counts.get(part.group, 0) + (part.target == 1).sum(axis=0)
    if folds is not None and not 2 <= folds <= len(counts):
        raise BadInput(
            f"--folds {folds} does not fit {len(counts)} patients to train on: give 2 to {len(counts)}."
        )
    if len(counts) < 2:
        return dict.fromkeys(counts, 0)
    return balanced_folds(counts, folds or min(FOLDS, len(counts)))


def _description(options: Options) -> Description:
    return Description(
        task="multilabel" if options.strips else "multiclass",
        classes=options.classes,
        class_names=tuple(CLASS_NAMES[name] for name in options.classes),
        leads=options.leads,
        rate=RATE,
        covariates=() if options.strips else RR_COVARIATES,
        source="MIT-BIH Arrhythmia Database 1.0.0",
        licence="ODC-By 1.0",
        simulated=False,
        groups_known=True,
        preparation={
            "source": "mitdb",
            "units": "mV",
            "filter": "none",
            "resampled": "no",
            "include_paced": options.include_paced,
            "include_q": options.include_q,
            "published_split": options.published_split,
            "strips": options.strips,
        },
    )


def _fetch(folder: Path, base: str, options: Options | None, progress: Callable[[int, int], None]) -> None:
    fetch(
        folder,
        DATABASE,
        {f"{record}{e}" for record in RECORDS for e in _ENDINGS}.__contains__,
        base,
        progress,
    )


register_source(
    "mitdb",
    Source(
        build,
        Options,
        "Beats of MIT-BIH in the AAMI classes N, S, V, F: DS1 trains, DS2 is sealed.",
        "folder of WFDB records",
        _fetch,
    ),
)
