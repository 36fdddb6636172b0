"""The form of the PhysioNet/Computing in Cardiology Challenges 2020 and 2021 (Perez Alday et al. 2020,
Physiol Meas 41:124003): WFDB records as .mat and .hea whose header says age, sex and diagnoses, in any
folders.

Patients are not given, so a recording counts as a patient of its own, and the file says so. Diagnoses that
are none of the classes are passed over; a recording that has only such ones is an example of none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_utils.download import fetch
from data_utils.errors import BadInput
from data_utils.sources.description import describe
from data_utils.sources.importing import Listed, Listing, build_from
from data_utils.sources.options import DealtOptions
from data_utils.sources.registry import Source, option, register_source
from data_utils.sources.snomed import diagnoses
from data_utils.sources.tables import female, number
from data_utils.summary import LeftOut
from data_utils.wfdb_records import read_record
from data_utils.write import Description

DATABASE = "challenge-2020/1.0.2"
_ENDINGS = (".hea", ".mat")


@dataclass(frozen=True, kw_only=True)
class Options(DealtOptions):
    """See each field."""

    classes: str = option(
        "27",
        "The 27 scored diagnoses, the 24 with equivalent ones merged, or CPSC's nine.",
        "choice",
        ("27", "24", "cpsc"),
    )


def listing(folder: Path, options: Options) -> Listing:
    """Every record below the folder whose header names its diagnoses.

    Raises:
        BadInput: no such folder, or no .hea below it.
    """
    headers = sorted(folder.rglob("*.hea"))
    if not headers:
        raise BadInput(
            f"{folder} has no .hea in it or below it: give --from a folder of the challenge's records."
        )
    classes, class_of = diagnoses(options.classes)
    recordings, left_out = [], []
    for header, name in zip(headers, _named(headers, folder), strict=True):
        said = _said(header)
        if "dx" not in said:
            left_out.append(LeftOut(name, f"{header.name} has no line #Dx", 1))
            continue
        found = {class_of[code] for code in codes(said["dx"]) if code in class_of}
        recordings.append(
            Listed(
                name=name,
                group=name,
                target=np.isin(list(classes), list(found)).astype(np.uint8),
                where=(header.parent, header.stem),
                covariates=(number(said.get("age", "")), female(said.get("sex", ""))),
            )
        )
    return Listing(description(classes, options), recordings, left_out)


build = build_from(listing, read_record, Options())


def _named(headers: list[Path], folder: Path) -> list[str]:
    """The record's name, with the folders above it where another record has the same."""
    stems = [header.stem for header in headers]
    counts = Counter(stems)
    return [
        stem if counts[stem] == 1 else header.relative_to(folder).with_suffix("").as_posix()
        for stem, header in zip(stems, headers, strict=True)
    ]


def _said(header: Path) -> dict[str, str]:
    """What the comments of a header say, `#Age: 74` as {"age": "74"}.

    Read apart from wfdb, so that a record whose header is malformed is counted with its diagnoses.
    """
    lines = header.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = (line.lstrip("# ").partition(":") for line in lines if line.startswith("#"))
    return {key.strip().casefold(): value.strip() for key, _, value in pairs}


def codes(text: str) -> list[str]:
    """Diagnoses with commas between, also within quotes or brackets."""
    return [code.strip(" '\"") for code in text.strip("[] ").split(",")]


def description(classes: Mapping[str, str], options: DealtOptions, name: str = "cinc") -> Description:
    """Of recordings with the challenge's diagnoses, without patients."""
    source = "PhysioNet/Computing in Cardiology Challenge 2020"
    return describe(name, source, "CC BY 4.0", classes, options, groups_known=False)


def _fetch(folder: Path, base: str, options: Options | None, progress: Callable[[int, int], None]) -> None:
    fetch(
        folder,
        DATABASE,
        lambda name: name.startswith("training/") and name.endswith(_ENDINGS),
        base,
        progress,
    )


register_source(
    "cinc",
    Source(
        build,
        Options,
        "Recordings of any length with SNOMED CT diagnoses in their headers, as in the PhysioNet/CinC "
        "Challenges; CPSC's texts are understood too. Patients are unknown.",
        "folder of .hea and .mat, which is walked",
        _fetch,
    ),
)
