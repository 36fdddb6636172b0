"""One HDF5 file for each record and a table that lists them: <folder>/<NNN>/<ID>.h5 with `signal` (12, L) and
its header's fields as attributes, and a CSV with the columns ID, FID, Dx and L, as CinC 2020 is kept by some.

Patients are not given. No original was at hand; this was tried on folders that are made in the same form.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from data_utils.errors import BadInput
from data_utils.sources.cinc import Options as CincOptions
from data_utils.sources.cinc import codes, description
from data_utils.sources.formats import Said, read_file
from data_utils.sources.importing import Listed, Listing, build_from
from data_utils.sources.names import absent
from data_utils.sources.registry import Source, option, register_source
from data_utils.sources.snomed import diagnoses
from data_utils.sources.tables import female, number, read_table


@dataclass(frozen=True, kw_only=True)
class Options(CincOptions):
    """See each field."""

    index: str = option("index.csv", "The table with ID and Dx, in the folder.")


def listing(folder: Path, options: Options) -> Listing:
    """The records of the table that are below the folder; a record's classes are those of its Dx.

    Raises:
        BadInput: no such table, or not its columns.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}: give --from the one with {options.index}.")
    files = {path.stem: path for path in sorted(folder.rglob("*.h5"))}
    classes, class_of = diagnoses(options.classes)
    there, missing = [], []
    for row in read_table(folder / options.index, ("ID", "Dx")):
        if row["ID"] not in files:
            missing.append(row["ID"])
            continue
        path = files[row["ID"]]
        found = [class_of[code] for code in codes(row["Dx"]) if code in class_of]
        target = np.isin(list(classes), found).astype(np.uint8)
        there.append(Listed(row["ID"], row["ID"], target, (path, Said()), _age_and_sex(path)))
    described = description(classes, options, "h5-records")
    return Listing(described, there, absent(missing, options.index))


build = build_from(listing, read_file, Options())


def _age_and_sex(path: Path) -> tuple[float, float]:
    """Years, and 1 for female; NaN where unknown. A file that cannot be opened is named when it is read."""
    try:
        with h5py.File(path, "r") as file:
            said = {**file.attrs, **(file["signal"].attrs if "signal" in file else {})}
    except OSError:
        said = {}
    texts = {
        key: v.decode() if isinstance(v := said.get(key, ""), bytes) else str(v) for key in ("age", "sex")
    }
    return number(texts["age"]), female(texts["sex"])


register_source(
    "h5-records",
    Source(
        build,
        Options,
        "One HDF5 file for each 12-lead record, and a table of SNOMED CT diagnoses. Patients are unknown.",
        "folder with index.csv and the .h5 files",
    ),
)
