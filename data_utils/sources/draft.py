"""A first mapping for a folder of recordings, guessed from its files and its table, for a person to mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from data_utils.errors import BadInput, BadRecord
from data_utils.sources.formats import ENDINGS, Said, read_file
from data_utils.sources.mapping import FILE
from data_utils.sources.signal import Signal
from data_utils.sources.tables import read_table

_GUESSES = {
    "patient": ("patient", "patient_id", "patientid", "pid", "subject", "subject_id", "mrn", "case"),
    "date": ("date", "recording_date", "recorded", "acquisition_date", "datetime", "timestamp"),
    "site": ("site", "centre", "center", "hospital", "ward", "device"),
    "age": ("age", "age_years"),
    "sex": ("sex", "gender"),
}
_CODES = ("diagnosis", "diagnoses", "dx", "label", "labels", "class", "code", "codes", "rhythm")
_ZERO_OR_ONE = {"0", "1", "0.0", "1.0", ""}
_MANY = 60


@dataclass(frozen=True)
class Draft:
    """What was guessed: a mapping as text, and what a person has to look at."""

    text: str
    questions: tuple[str, ...]


def draft(folder: Path) -> Draft:
    """Look at a folder's recordings and its table.

    Raises:
        BadInput: no such folder, no recordings in it, or no table that names them.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}: name the one with the recordings and their table.")
    ending, files = _recordings(folder)
    tables = [path for path in sorted(folder.glob("*.[cC][sS][vV]")) if path not in files]
    names = {path.relative_to(folder).with_suffix("").as_posix() for path in files}
    table, column, found = _table(folder, tables, names, ending)
    rows = read_table(table)
    columns = _columns(rows, column)
    classes, questions = _classes(rows, columns)
    if columns["patient"] is None:
        questions.append(
            "No column names the patient: without one, patients may be on both sides of a split."
        )
    questions += _missing(len(names), found)
    signal, unsaid = _signal(files[0])
    if unsaid:
        questions.append(f"signal: of {files[0].name} is guessed ({unsaid}): mend rate, units and leads.")
    if signal and signal.others:
        others = ", ".join(signal.others)
        questions.append(f"Not read from {files[0].name}, as no voltage or not at the ECG's rate: {others}.")
    text = _text(folder, ending, table, columns, classes, signal)
    return Draft(text, tuple(questions))


def _recordings(folder: Path) -> tuple[str, list[Path]]:
    """The ending that most files have that are no table, and those files."""
    # Windows writes them in capitals; wfdb wants its own as they are.
    endings = [*ENDINGS, *(ending.upper() for ending in ENDINGS if ending != ".hea")]
    by_ending = {ending: sorted(folder.rglob(f"*{ending}")) for ending in endings}
    others = any(files for ending, files in by_ending.items() if ending.lower() != ".csv")
    for ending in (".csv", ".CSV"):
        by_ending[ending] = [path for path in by_ending[ending] if not others and not _is_table(path)]
    ending = max(by_ending, key=lambda each: len(by_ending[each]))
    if not by_ending[ending]:
        raise BadInput(f"{folder} has no recordings: none of its files ends in {', '.join(ENDINGS)}.")
    return ending, by_ending[ending]


def _is_table(path: Path) -> bool:
    """Whether the first line of a CSV names a patient, a diagnosis or the like: recordings name leads."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        names = {name.strip().strip('"').casefold().replace(" ", "_") for name in file.readline().split(",")}
    return bool(names & {*_CODES, *(guess for guesses in _GUESSES.values() for guess in guesses)})


def _table(folder: Path, tables: Sequence[Path], names: set[str], ending: str) -> tuple[Path, str, int]:
    """The table, and its column, that names most recordings, and how many it names."""
    best: tuple[int, Path, str] | None = None
    unread: list[BadInput] = []
    for path in tables:
        try:
            rows = read_table(path)
        except BadInput as problem:
            # Another table may be the one, and this one anything.
            unread.append(problem)
            continue
        for column in rows[0] if rows else ():
            count = len({row[column].removesuffix(ending) for row in rows} & names)
            if count and (best is None or count > best[0]):
                best = (count, path, column)
    if best is None and unread:
        raise unread[0]
    if best is None:
        raise BadInput(
            f"No table in {folder} names its recordings: it needs a .csv with a column of them, such as "
            f"{min(names)}."
        )
    return best[1], best[2], best[0]


def _columns(rows: Sequence[dict[str, str]], record: str) -> dict[str, str | None]:
    """What each column of the mapping may be, by its name in the table."""
    by_name = {name.casefold().replace(" ", "_"): name for name in reversed(rows[0])}
    guessed = {
        key: next((by_name[guess] for guess in guesses if guess in by_name), None)
        for key, guesses in _GUESSES.items()
    }
    return {"record": record, **{key: None if name == record else name for key, name in guessed.items()}}


def _classes(rows: Sequence[dict[str, str]], columns: dict[str, str | None]) -> tuple[dict, list[str]]:
    others = [name for name in rows[0] if name not in columns.values()]
    flags = [name for name in others if {row[name] for row in rows} <= _ZERO_OR_ONE]
    coded = [name for name in others if name.casefold() in _CODES]
    if not coded and flags:
        return {"columns": flags}, []
    coded = coded or [name for name in others if 1 < len({row[name] for row in rows}) <= _MANY]
    if not coded:
        return {"column": "CHANGE_ME", "separator": ";", "values": {"CODE": "CLASS"}}, [
            "No column looks like diagnoses: mend classes:."
        ]
    separator = max(";,|", key=lambda each: sum(each in row[coded[0]] for row in rows))
    codes = Counter(
        code.strip().strip("'\"") for row in rows for code in row[coded[0]].split(separator) if code.strip()
    )
    values = {code: code for code, _ in codes.most_common(_MANY)}
    questions = [f"classes: takes every value of column {coded[0]}: delete or rename what is no class."]
    return {"column": coded[0], "separator": separator, "values": values}, questions


def _missing(recordings: int, named: int) -> list[str]:
    if recordings == named:
        return []
    return [f"The table names {named} of the {recordings} recordings; the others will be left out."]


def _signal(path: Path) -> tuple[Signal | None, str]:
    """The first recording, or why it cannot be read without help."""
    try:
        return read_file(path, Said()), ""
    except BadRecord as problem:
        return None, str(problem)


def _text(folder: Path, ending: str, table: Path, columns: dict, classes: dict, signal: Signal | None) -> str:
    leads = list(signal.leads) if signal else ["I"]
    rate = signal.rate if signal else 500.0
    parts = [
        ("What `rarebeat data build records` reads. Mend it, then build.", {"name": folder.resolve().name}),
        ("Folder of the recordings, from here, and the ending of their files.", {"recordings": "."}),
        ("", {"ending": ending, "labels": table.name}),
        (
            "Columns of the table; leave out what it has not.",
            {"columns": {k: v for k, v in columns.items() if v}},
        ),
        ("Diagnoses: column and values (code: class), or columns of 1 and 0.", {"classes": classes}),
        ("multilabel, or multiclass where each recording has exactly one.", {"task": "multilabel"}),
        ("What is stored: leads by name, and Hz.", {"leads": leads}),
        ("", {"rate": rate}),
    ]
    if signal is None:
        said = {"rate": rate, "units": "mV", "leads": leads}
        parts.append(("What the files do not say themselves.", {"signal": said}))
    return "".join((f"# {comment}\n" if comment else "") + _dumped(values) for comment, values in parts)


def _dumped(values: dict) -> str:
    """YAML with a line for each name."""
    nested = any(isinstance(value, (dict, list)) for value in values.values())
    style = None if nested else False
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=style, width=100)


def write_draft(folder: Path, overwrite: bool = False) -> tuple[Path, Draft]:
    """Write `rarebeat.yaml` into the folder.

    Raises:
        BadInput: it is there already (without `overwrite`), or what `draft` refuses.
    """
    path = folder / FILE
    if path.exists() and not overwrite:
        raise BadInput(f"{path} is there already: mend it, or say --overwrite to draft it anew.")
    drafted = draft(folder)
    try:
        path.write_text(drafted.text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}).") from error
    return path, drafted
