"""The YAML that says how a folder of recordings and its table are to be read."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from data_utils.errors import BadInput
from data_utils.sources.formats import ENDINGS, Said

FILE = "rarebeat.yaml"


@dataclass(frozen=True)
class Columns:
    """Names of the table's columns; None where there is none."""

    record: str
    patient: str | None = None
    date: str | None = None
    site: str | None = None
    age: str | None = None
    sex: str | None = None
    covariates: tuple[str, ...] = ()

    def all(self) -> list[str]:
        named = (self.record, self.patient, self.date, self.site, self.age, self.sex, *self.covariates)
        return [name for name in named if name]


@dataclass(frozen=True)
class Classes:
    """Where the table says what a recording shows: codes in one column, or a column of 1 and 0 for each.

    Attributes:
        column: of codes, with `separator` between them.
        values: code -> class.
        columns: of 1 (yes), 0 (no) and nothing (unknown); each names its class.
    """

    column: str | None = None
    separator: str = ";"
    values: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns or tuple(dict.fromkeys(name for _, name in self.values))


@dataclass(frozen=True)
class Mapping:
    """See `docs/data.md`; folders are relative to the mapping's own."""

    folder: Path
    ending: str
    labels: Path
    columns: Columns
    classes: Classes
    signal: Said
    task: str = "multilabel"
    leads: tuple[str, ...] = ()
    rate: float | None = None
    female: tuple[str, ...] = ("f", "female", "w")
    name: str = "records"
    licence: str = "not stated"

    def path(self, record: str) -> Path:
        """The file of a recording, named in the table with or without its ending."""
        path = self.folder / record
        return path if path.suffix == self.ending else path.with_name(path.name + self.ending)


def read_mapping(path: Path) -> Mapping:
    """A mapping from its YAML, or from the `rarebeat.yaml` of a folder.

    Raises:
        BadInput: no such file, no YAML, an unknown or missing key, or a value that makes no sense.
    """
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise BadInput(f"There is no mapping {path}: `rarebeat data init {path.parent}` drafts one.")
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no YAML ({' '.join(str(error).split())}).") from error
    given = dict(_section(path, "", given))
    given["folder"] = path.parent / str(given.pop("recordings", "."))
    for key in ("labels", "ending", "columns", "classes"):
        if given.get(key) is None:
            raise BadInput(
                f"{path} has no {key}: `rarebeat data init {path.parent}` drafts a mapping that has."
            )
    given["labels"] = path.parent / str(given["labels"])
    given["columns"] = _made(path, "columns", Columns, given["columns"])
    given["classes"] = _made(path, "classes", Classes, _with_values(path, given["classes"]))
    given["signal"] = _made(path, "signal", Said, given.get("signal") or {})
    mapping = _made(path, "", Mapping, given)
    _check(path, mapping)
    return mapping


def _section(path: Path, name: str, given: Any) -> Map[str, Any]:
    if not isinstance(given, Map):
        raise BadInput(
            f"{path}: {name or 'it'} must be names with values, as `rarebeat data init` writes them."
        )
    return given


def _made(path: Path, name: str, kind: type, given: Any) -> Any:
    given = _section(path, name, given)
    known = {field.name: str(field.type) for field in fields(kind)}
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            where = f"{name}: {key}" if name else str(key)
            raise BadInput(f"{path}: {where} is not known" + (f", did you mean {near[0]}?" if near else "."))
    if name == "columns" and not given.get("record"):
        raise BadInput(f"{path}: columns: record: must name the column with the recordings' file names.")
    where = f"{path}: {name}: " if name else f"{path}: "
    said = {key: value for key, value in given.items() if value is not None}
    return kind(**{key: _typed(f"{where}{key}:", known[key], value) for key, value in said.items()})


def _typed(where: str, kind: str, value: Any) -> Any:
    """A value of the YAML as the field's annotation has it; one name does for a list of them."""
    if kind == "tuple[str, ...]":
        names = value if isinstance(value, list) else str(value).split(",")
        return tuple(str(each).strip() for each in names if str(each).strip())
    if kind.startswith("float"):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            raise BadInput(f"{where} {value} must be a positive number.")
        return float(value)
    if kind.startswith("str"):
        if isinstance(value, (list, Map)):
            raise BadInput(f"{where} must be one name, not several.")
        return str(value)
    return tuple(value) if isinstance(value, list) else value


def _with_values(path: Path, given: Any) -> dict[str, Any]:
    """`values` as pairs; a list means that codes are the classes' names."""
    given = dict(_section(path, "classes", given))
    values = given.get("values")
    if isinstance(values, list):
        values = {value: value for value in values}
    if values is not None:
        given["values"] = [(str(k), str(v)) for k, v in _section(path, "classes: values", values).items()]
    return given


def _check(path: Path, mapping: Mapping) -> None:
    if mapping.ending.lower() not in ENDINGS:
        raise BadInput(f"{path}: ending: {mapping.ending} must be one of {', '.join(ENDINGS)}.")
    if mapping.task not in ("multilabel", "multiclass"):
        raise BadInput(f"{path}: task: {mapping.task} must be multilabel or multiclass.")
    classes = mapping.classes
    if bool(classes.column and classes.values) == bool(classes.columns):
        raise BadInput(f"{path}: classes: needs either column: and values:, or columns:.")
    if not classes.separator:
        raise BadInput(f"{path}: classes: separator: must be what stands between codes, such as ';'.")
    if not mapping.folder.is_dir():
        raise BadInput(f"{path}: there is no folder {mapping.folder}: mend recordings:.")
