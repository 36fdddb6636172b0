"""ZZU-pECG: 14,190 ECGs of 11,643 children, 5 to 120 s, with the diseases they were treated for as ICD-10
codes.

Every code of a record counts, so a record may be of several classes; one of none is Healthy, which says that
the child has none of these diseases, not that it has none at all. What a record of 9 leads lacks of 12 is
stored as zero. No original was at hand; this was tried on folders that are made in the same form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_utils.layout import UNKNOWN
from data_utils.recipe import MISSING_LEADS
from data_utils.sources.description import describe
from data_utils.sources.importing import Listed, Listing, build_from
from data_utils.sources.names import absent
from data_utils.sources.options import DealtOptions
from data_utils.sources.registry import Source, option, register_source
from data_utils.sources.tables import female, number, read_table
from data_utils.wfdb_records import read_record

TABLE = "AttributesDictionary.csv"
_DAYS = 365.0

# ICD-10 code -> the one of 18 classes, its name, and the one of four groups. The last two are in no group,
# but such a child is not healthy: whether it counts as CHD is left unknown.
DISEASES = {
    "I40.0": ("viral_myocarditis", "Fulminant or viral myocarditis", "Myocarditis"),
    "I40.9": ("acute_myocarditis", "Acute myocarditis", "Myocarditis"),
    "I51.4": ("myocarditis", "Myocarditis, unspecified", "Myocarditis"),
    "I42.0": ("dilated_cardiomyopathy", "Dilated cardiomyopathy", "Cardiomyopathy"),
    "I42.2": ("hypertrophic_cardiomyopathy", "Hypertrophic cardiomyopathy", "Cardiomyopathy"),
    "I42.9": ("cardiomyopathy", "Cardiomyopathy, unspecified", "Cardiomyopathy"),
    "Q24.8": ("noncompaction", "Noncompaction of ventricular myocardium", "Cardiomyopathy"),
    "M30.3": ("kawasaki", "Kawasaki disease", "Kawasaki"),
    "Q21.0": ("ventricular_septal_defect", "Ventricular septal defect", "CHD"),
    "Q21.1": ("atrial_septal_defect", "Atrial septal defect", "CHD"),
    "Q21.2": ("atrioventricular_septal_defect", "Atrioventricular septal defect", "CHD"),
    "Q21.3": ("tetralogy_of_fallot", "Tetralogy of Fallot", "CHD"),
    "Q22.1": ("pulmonary_valve_stenosis", "Pulmonary valve stenosis", "CHD"),
    "Q25.0": ("patent_ductus_arteriosus", "Patent ductus arteriosus", "CHD"),
    "Q25.6": ("pulmonary_artery_stenosis", "Pulmonary artery stenosis", "CHD"),
    "I37.0": ("pulmonary_valve_disorder", "Pulmonary valve disorder", "CHD"),
    "I34.0": ("mitral_insufficiency", "Mitral valve insufficiency", None),
    "Q24.9": ("congenital_malformation", "Congenital malformation of the heart, unspecified", None),
}
GROUPS = {
    "Myocarditis": "Myocarditis",
    "Cardiomyopathy": "Cardiomyopathy",
    "Kawasaki": "Kawasaki disease",
    "CHD": "Congenital heart disease",
}
HEALTHY = {"Healthy": "None of these diseases"}


@dataclass(frozen=True, kw_only=True)
class Options(DealtOptions):
    """See each field."""

    classes: str = option("5", "Four groups of diseases, or 18 diseases, and Healthy.", "choice", ("5", "19"))
    missing_leads: str = option("zero", "What becomes of a recording of nine leads.", "choice", MISSING_LEADS)


def listing(folder: Path, options: Options) -> Listing:
    """The records of the table that are in the folder, or in a folder of it.

    Raises:
        BadInput: no such table, or not its columns.
    """
    needed = ("Filename", "Patient_ID", "Age", "Gender", "ICD-10 code")
    classes, class_of = _classes(options.classes)
    headers = {path.stem: path for path in sorted(folder.rglob("*.hea"))}
    there, missing = [], []
    for row in read_table(folder / TABLE, needed):
        name = Path(row["Filename"].replace("\\", "/")).name
        if name not in headers:
            missing.append(row["Filename"])
            continue
        there.append(
            Listed(
                name=name,
                group=row["Patient_ID"],
                target=_target(codes(row["ICD-10 code"]), list(classes), class_of),
                where=(headers[name].parent, name),
                covariates=(years(row["Age"]), female(row["Gender"])),
            )
        )
    description = describe("zzu-pecg", "ZZU-pECG", "see its publication", classes, options, groups_known=True)
    return Listing(description, there, absent(missing, TABLE))


build = build_from(listing, read_record, Options())


def _target(found: Sequence[str], classes: Sequence[str], class_of: Mapping[str, str]) -> np.ndarray:
    """(K,) uint8 of a record with these codes."""
    diseases = {class_of[code] for code in found if code in class_of}
    ungrouped = [code for code in found if code in DISEASES and code not in class_of]
    target = np.isin(classes, list(diseases or ({} if ungrouped else HEALTHY))).astype(np.uint8)
    if ungrouped and "CHD" not in diseases:
        target[classes.index("CHD")] = UNKNOWN
    return target


def codes(text: str) -> list[str]:
    """ICD-10 codes of a cell, without the letters in brackets that say which kind.

    >>> codes("'(F) I40.0';'Q21.1'")
    ['I40.0', 'Q21.1']
    """
    return [re.sub(r"\([^)]*\)", "", code).strip(" '\"") for code in text.split(";") if code.strip(" '\"")]


def years(text: str) -> float:
    """Age in years, from days ("572d"), months of 30 days or years; NaN where it is none of these."""
    match = re.fullmatch(r"([0-9.]+)\s*([dmy]?)", text.strip().casefold())
    if match is None:
        return float("nan")
    return number(match[1]) * {"d": 1.0, "m": 30.0, "y": _DAYS, "": _DAYS}[match[2]] / _DAYS


def _classes(which: str) -> tuple[dict[str, str], dict[str, str]]:
    """Class -> long name, and ICD-10 code -> class."""
    if which == "19":
        names = {short: name for short, name, _ in DISEASES.values()}
        return names | HEALTHY, {code: short for code, (short, _, _) in DISEASES.items()}
    return GROUPS | HEALTHY, {code: group for code, (_, _, group) in DISEASES.items() if group}


register_source(
    "zzu-pecg",
    Source(
        build,
        Options,
        "Children's ECGs with the diseases they were treated for (ZZU-pECG), several for each.",
        f"folder with {TABLE} and the WFDB records",
    ),
)
