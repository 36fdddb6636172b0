"""A folder of recordings and a table of labels, as a hospital keeps them, read as a mapping says.

Patients' names are hashed with a salt that is kept beside the dataset file and is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data_utils.errors import BadInput, BadRecord
from data_utils.layout import SPLITS, UNKNOWN
from data_utils.sources.formats import Said, read_file
from data_utils.sources.importing import Listed, Listing, write_listing
from data_utils.sources.mapping import Mapping as FolderMapping
from data_utils.sources.mapping import read_mapping
from data_utils.sources.names import absent, slugs
from data_utils.sources.options import DealtOptions
from data_utils.sources.patients import Pseudonyms
from data_utils.sources.registry import Source, option, register_source
from data_utils.sources.signal import Signal
from data_utils.sources.tables import number, read_table
from data_utils.splits import by_date, by_site, grouped_folds
from data_utils.summary import LeftOut
from data_utils.write import Description, refuse_existing

# What a table has where it does not know.
_NOT_TOLD = ("", "nan", "na", "n/a", "unknown", "u", "?")


@dataclass(frozen=True, kw_only=True)
class Options(DealtOptions):
    """See each field; leads and rate come from the mapping unless they are given."""

    leads: tuple[str, ...] = option((), "Lead names in the order of storing; else the mapping's.", "names")
    rate: float | None = option(None, "Hz of the stored signal; else the mapping's.", "float")
    split: str = option(
        "patient",
        "Deal patients alike, seal the latest, or seal sites.",
        "choice",
        ("patient", "date", "site"),
    )
    test_sites: tuple[str, ...] = option((), "With --split site: the sites to seal.", "names")
    validation_sites: tuple[str, ...] = option((), "With --split site: the sites that validate.", "names")


def build(
    source: Path,
    out: Path,
    options: Options = Options(),
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[LeftOut]:
    """Read what a mapping names; see `data_utils.sources.importing.write_listing`.

    Args:
        source: the mapping, or the folder that has it as `rarebeat.yaml`.
    """
    refuse_existing(out, overwrite)
    mapping = read_mapping(source)
    options = replace(options, leads=options.leads or mapping.leads, rate=options.rate or mapping.rate)
    if not options.leads or not options.rate:
        raise BadInput(
            f"{source}: leads: and rate: must say what is stored: name them, or give --leads and --rate."
        )
    pseudonyms = Pseudonyms.beside(out)
    left_out = write_listing(listing(mapping, options, pseudonyms), _read, out, options, overwrite, progress)
    pseudonyms.save(out)
    return left_out


def listing(mapping: FolderMapping, options: Options, pseudonyms: Pseudonyms) -> Listing:
    """Every recording of the table that is in the folder, with its labels.

    Raises:
        BadInput: a table without the columns that the mapping names, a record of two patients, or a split
            that cannot be made.
    """
    classes, columns = mapping.classes, mapping.columns
    needed = [*columns.all(), *classes.columns, *([classes.column] if classes.column else [])]
    rows = _by_record(mapping, read_table(mapping.labels, needed))
    left_out = _not_understood(mapping, rows)
    kept, listed, missing = [], [], []
    for record, of_record in rows.items():
        row = of_record[0]
        patient = row[columns.patient] if columns.patient else ""
        name = pseudonyms.within(record, patient)
        if not mapping.path(record).is_file():
            missing.append(name)
            continue
        try:
            target = _target(mapping, of_record)
            if columns.patient and not patient:
                raise BadRecord(f"has no patient in {mapping.labels.name}")
        except BadRecord as problem:
            left_out.append(LeftOut(name, str(problem), 1))
            continue
        group = pseudonyms.of(patient) if patient else name
        where = (mapping.path(record), mapping.signal, pseudonyms, patient)
        listed.append(Listed(name, group, target, where, _covariates(mapping, row)))
        kept.append(row)
    left_out += absent(missing, mapping.labels.name) + _without_row(mapping, rows)
    return Listing(_description(mapping, options), _split(listed, kept, mapping, options), left_out)


def _read(path: Path, said: Said, pseudonyms: Pseudonyms, patient: str) -> Signal:
    """A recording; what is wrong with it goes into the data file, so its file's name is hashed there too."""
    try:
        return read_file(path, said)
    except BadRecord as problem:
        raise BadRecord(pseudonyms.within_reason(str(problem), path, patient)) from problem


def _by_record(mapping: FolderMapping, table: Sequence[Mapping[str, str]]) -> dict[str, list]:
    """Record -> its rows: a table may name a recording once for each of its diagnoses."""
    column = mapping.columns
    rows: dict[str, list] = {}
    for row in table:
        of_record = rows.setdefault(row[column.record].removesuffix(mapping.ending), [])
        of_record.append(row)
        if column.patient and row[column.patient] != of_record[0][column.patient]:
            raise BadInput(
                f"{mapping.labels}: record {row[column.record]} is of two patients: a recording is of one."
            )
    return rows


def _target(mapping: FolderMapping, rows: Sequence[Mapping[str, str]]) -> np.ndarray:
    """(K,) uint8 of a recording, from all of its rows.

    Raises:
        BadRecord: rows that contradict each other, or not one class where the task is multiclass.
    """
    classes = mapping.classes
    if classes.columns:
        targets = [
            np.array([_yes_or_no(row[name], name) for name in classes.columns], np.uint8) for row in rows
        ]
        if any((target != targets[0]).any() for target in targets):
            raise BadRecord(f"is named twice in {mapping.labels.name}, with different labels")
        target = targets[0]
    else:
        class_of = dict(classes.values)
        found = {class_of.get(code) for row in rows for code in _codes(mapping, row)}
        target = np.isin(list(classes.names), list(found - {None})).astype(np.uint8)
    if mapping.task == "multiclass" and ((target == 1).sum() != 1 or (target == UNKNOWN).any()):
        raise BadRecord(f"is of {(target == 1).sum()} classes, and task: multiclass wants one")
    return target


def _yes_or_no(text: str, column: str) -> int:
    known = {"1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0}
    known |= dict.fromkeys(_NOT_TOLD, UNKNOWN)
    if text.casefold() not in known:
        raise BadRecord(f"has {text!r} in column {column}, which is not 1, 0 or nothing")
    return known[text.casefold()]


def _codes(mapping: FolderMapping, row: Mapping[str, str]) -> list[str]:
    codes = (
        code.strip().strip("'\"") for code in row[mapping.classes.column].split(mapping.classes.separator)
    )
    return [code for code in codes if code]


def _not_understood(mapping: FolderMapping, rows: Mapping[str, list]) -> list[LeftOut]:
    """Codes of the table that are no class: their recordings stay, but somebody may have mistyped one."""
    if mapping.classes.columns:
        return []
    known = {code for code, _ in mapping.classes.values}
    others: dict[str, int] = {}
    for of_record in rows.values():
        for code in {code for row in of_record for code in _codes(mapping, row)} - known:
            others[code] = others.get(code, 0) + 1
    return [
        LeftOut(f"{mapping.classes.column} {code}", f"no class of the mapping; {count} recordings have it", 0)
        for code, count in sorted(others.items())
    ]


def _without_row(mapping: FolderMapping, rows: Mapping[str, list]) -> list[LeftOut]:
    """Recordings of the folder that the table does not name."""
    files = (path.relative_to(mapping.folder) for path in sorted(mapping.folder.rglob(f"*{mapping.ending}")))
    others = [path.with_suffix("").as_posix() for path in files if mapping.folder / path != mapping.labels]
    others = [name for name in others if name not in rows]
    if not others:
        return []
    # Their patients are unknown, so their names cannot be hashed and are not told.
    return [LeftOut(f"{len(others)} recordings", f"in the folder, not in {mapping.labels.name}", len(others))]


def _covariates(mapping: FolderMapping, row: Mapping[str, str]) -> tuple[float, ...]:
    columns, values = mapping.columns, []
    if columns.age:
        values.append(number(row[columns.age]))
    if columns.sex:
        text = row[columns.sex].strip(" '\"").casefold()
        female = text in [str(each).casefold() for each in mapping.female]
        values.append(float(female) if female or text not in _NOT_TOLD else np.nan)
    return (*values, *(number(row[name]) for name in columns.covariates))


def _split(
    listed: Sequence[Listed], rows: Sequence[Mapping[str, str]], mapping: FolderMapping, options: Options
) -> list[Listed]:
    """With sides where --split is not "patient", which is dealt later."""
    if options.split == "patient" or not listed:
        return list(listed)
    column = getattr(mapping.columns, options.split)
    if column is None:
        raise BadInput(f"--split {options.split} needs columns: {options.split}: in the mapping.")
    groups = np.array([each.group for each in listed])
    values = np.array([row[column] for row in rows])
    if options.split == "date":
        sides = by_date(groups, values, options.shares())
    else:
        sides = _by_site(listed, groups, values, options)
    return [replace(each, split=SPLITS[side]) for each, side in zip(listed, sides, strict=True)]


def _by_site(listed: Sequence[Listed], groups: np.ndarray, sites: np.ndarray, options: Options) -> np.ndarray:
    if not options.test_sites:
        raise BadInput(f"--split site needs --test-sites: one or more of {', '.join(sorted(set(sites)))}.")
    sides = by_site(groups, sites, options.test_sites, options.validation_sites)
    if not options.validation_sites:
        # Nobody named sites that validate: some patients of the others do.
        train = np.flatnonzero(sides == SPLITS.index("train"))
        target = np.stack([listed[k].target for k in train])
        patients = len(set(groups[train].tolist()))
        folds = grouped_folds(target, groups[train], min(patients, max(2, round(1 / options.validation))))
        sides[train[folds == 0]] = SPLITS.index("validation")
    return sides


def _description(mapping: FolderMapping, options: Options) -> Description:
    columns = mapping.columns
    covariates = [name for name, column in (("age", columns.age), ("female", columns.sex)) if column]
    return Description(
        task=mapping.task,
        classes=slugs(mapping.classes.names),
        class_names=mapping.classes.names,
        leads=options.leads,
        rate=options.rate,
        covariates=(*covariates, *slugs(columns.covariates)),
        source=mapping.name,
        licence=mapping.licence,
        simulated=False,
        groups_known=columns.patient is not None,
        preparation=options.preparation("records"),
    )


register_source(
    "records",
    Source(
        build,
        Options,
        "Your own recordings (WFDB, EDF, HDF5, CSV, NumPy) and a table of labels, read as a mapping says, "
        "which `rarebeat data init` drafts. Patients' names are hashed; the salt goes beside OUT.",
        "mapping, or the folder with rarebeat.yaml",
    ),
)
