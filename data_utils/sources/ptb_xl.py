"""PTB-XL (Wagner et al. 2020, Scientific Data 7:154): 21,799 clinical 12-lead ECGs of 10 s.

Classes are SCP-ECG statements, as sets or grouped, as in Strodthoff et al. 2021, IEEE J Biomed Health Inform
25:1519; so are the folds: 1 to 8 train, 9 validates, 10 is sealed. Several recordings of a patient are in one
fold.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_utils.download import fetch
from data_utils.errors import BadInput
from data_utils.sources.description import describe
from data_utils.sources.importing import Listed, Listing, build_from
from data_utils.sources.names import absent, slugs
from data_utils.sources.options import RecordingOptions
from data_utils.sources.registry import Source, option, register_source
from data_utils.sources.tables import number, read_table
from data_utils.summary import LeftOut
from data_utils.wfdb_records import read_record

DATABASE = "ptb-xl/1.0.3"
TABLE, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
LABELS = ("all", "diagnostic", "superclass", "subclass", "form", "rhythm")
_VALIDATION, _TEST = 9, 10
_SUPERCLASSES = {
    "NORM": "Normal ECG",
    "MI": "Myocardial infarction",
    "STTC": "ST/T change",
    "CD": "Conduction disturbance",
    "HYP": "Hypertrophy",
}
# The table writes 300 for everybody older than 89 years.
_OLDEST = 89.0


@dataclass(frozen=True, kw_only=True)
class Options(RecordingOptions):
    """See each field; the split and the folds are the published ones."""

    labels: str = option("superclass", "Which statements, as they are or grouped.", "choice", LABELS)
    rate: float = option(100.0, "100 or 500: which of the published signals.", "float")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rate not in (100, 500):
            raise BadInput(f"--rate {self.rate:g}: PTB-XL is published at 100 and at 500 Hz.")


def listing(folder: Path, options: Options) -> Listing:
    """The recordings of the table that are in the folder.

    Raises:
        BadInput: no such folder or table, or a line of it that cannot be understood.
    """
    classes, class_of = _classes(folder, options.labels)
    column = "filename_lr" if options.rate == 100 else "filename_hr"
    table = read_table(
        folder / TABLE, ("ecg_id", "patient_id", "age", "sex", "scp_codes", "strat_fold", column)
    )
    there, missing = [], []
    for row in table:
        found = [class_of[code] for code in _codes(row, folder) if code in class_of]
        target = np.isin(list(classes), found).astype(np.uint8)
        if (folder / f"{row[column]}.hea").is_file():
            there.append(_listed(folder, row, column, target))
        else:
            missing.append((row["ecg_id"], target))
    description = describe("ptb-xl", "PTB-XL", "CC BY 4.0", classes, options, groups_known=True)
    return Listing(description, there, _absent(missing, list(classes)))


build = build_from(listing, read_record, Options())


def _listed(folder: Path, row: Mapping[str, str], column: str, target: np.ndarray) -> Listed:
    fold, patient = _whole(folder, row, "strat_fold"), _whole(folder, row, "patient_id")
    path = folder / row[column]
    return Listed(
        name=path.name,
        group=str(patient),
        target=target,
        where=(path.parent, path.name),
        covariates=(min(number(row["age"]), _OLDEST), number(row["sex"])),
        split={_VALIDATION: "validation", _TEST: "test"}.get(fold, "train"),
        fold=fold - 1,
    )


def _whole(folder: Path, row: Mapping[str, str], column: str) -> int:
    value = number(row[column])
    if not value.is_integer():
        raise BadInput(
            f"{folder / TABLE}: {column} of ecg_id {row['ecg_id']} must be a whole number: {row[column]!r}."
        )
    return int(value)


def _absent(missing: Sequence[tuple[str, np.ndarray]], classes: Sequence[str]) -> list[LeftOut]:
    if not missing:
        return []
    counts = np.sum([target for _, target in missing], axis=0)
    by_class = {slug: int(count) for slug, count in zip(slugs(classes), counts, strict=True) if count}
    return absent([name for name, _ in missing], TABLE, by_class)


def _codes(row: Mapping[str, str], folder: Path) -> list[str]:
    try:
        return list(ast.literal_eval(row["scp_codes"]))
    except (SyntaxError, ValueError, TypeError) as error:
        raise BadInput(
            f"{folder / TABLE}: scp_codes of ecg_id {row['ecg_id']} are not written as in "
            f"{{'NORM': 100.0}}: {row['scp_codes'][:40]}"
        ) from error


def _classes(folder: Path, labels: str) -> tuple[dict[str, str], dict[str, str]]:
    """Class -> its long name, in order of the alphabet; and statement -> class."""
    statements = {row[""]: row for row in read_table(folder / STATEMENTS, ("", "description"))}
    kind = {"superclass": "diagnostic", "subclass": "diagnostic"}.get(labels, labels)
    used = {code: row for code, row in statements.items() if kind == "all" or number(row[kind]) == 1}
    if labels == "superclass":
        class_of = {code: row["diagnostic_class"] for code, row in used.items()}
        return {name: _SUPERCLASSES.get(name, name) for name in sorted(set(class_of.values()))}, class_of
    if labels == "subclass":
        class_of = {code: row["diagnostic_subclass"] for code, row in used.items()}
        return {name: name for name in sorted(set(class_of.values()))}, class_of
    return {code: used[code]["description"] for code in sorted(used)}, {code: code for code in used}


def _fetch(folder: Path, base: str, options: Options | None, progress: Callable[[int, int], None]) -> None:
    records = ("records100/", "records500/") if options is None else (f"records{options.rate:.0f}/",)
    fetch(
        folder, DATABASE, lambda name: name in (TABLE, STATEMENTS) or name.startswith(records), base, progress
    )


register_source(
    "ptb-xl",
    Source(
        build,
        Options,
        "Clinical 12-lead ECGs of 10 s with SCP-ECG statements (PTB-XL), several for each. Folds 1 to 8 "
        "train, 9 validates, 10 is sealed.",
        f"folder with {TABLE}",
        _fetch,
    ),
)
