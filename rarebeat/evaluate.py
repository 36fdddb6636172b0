"""`rarebeat evaluate`: open the sealed test side once, and say what the model is worth there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.layout import test_path
from rarebeat.tables import Column, console, number, say, score, stacked
from training.card import read_card

MEASURES = ("sensitivity", "precision", "f1", "auprc", "auroc")
FURTHER = {
    **{"specificity": "specificity", "npv": "NPV", "f2": "F2", "mcc": "MCC"},
    "sensitivity_at_95_specificity": "sens. at spec. 0.95",
    **{"calibration_error": "calibration error", "brier": "Brier"},
}
OVERALL = {
    **{
        "weighted_f1": "weighted F1",
        "micro_f1": "micro F1",
        "macro_f2": "macro F2",
        "exact_match": "exact match",
    },
    **{
        "hamming": "Hamming loss",
        "jaccard": "Jaccard",
        "mcc": "MCC",
        "kappa": "kappa",
        "jk_index": "jk index",
    },
    **{"f2_cinc": "F2 (CinC)", "g2_cinc": "G2 (CinC)", "cinc_score": "CinC 2021 score"},
}
AAMI = {"se": "Se", "ppv": "+P", "fpr": "FPR"}
HEADINGS = {"f1": "F1", "auprc": "AUPRC", "auroc": "AUROC"}


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="FILE.test.h5, or FILE.h5.")
@click.option("--whole", is_flag=True, help="All rows of another source's FILE, which has no sealed side.")
@click.option(
    "--map", "pairs", multiple=True, metavar="FILE_CLASS=MODEL_CLASS",
    help="Which class of the file is which of the model's, where they are not named alike.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, on stdout.")
def evaluate(model: Path, data: Path, whole: bool, pairs: tuple[str, ...], as_json: bool) -> None:
    """Evaluate the model in folder MODEL on the sealed test side, which is noted in a ledger beside it.

    On the file of another source, classes are matched by name or as --map says, leads by name, and what is
    lost against the model's own validation stands beside. Every class gets 95 % intervals, which come from
    resampling patients.
    """
    read_card(model)
    told = dict(class_pair(pair) for pair in pairs)
    file = data if whole else sealed_file(data)
    if file != data:
        click.echo(f"Opening {file}, the sealed side of {data}.", err=True)
    # TensorFlow, which takes seconds to import, only once the files are known to be there.
    from training.evaluation import evaluate_model

    result = evaluate_model(model, file, told=told, whole=whole)
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        show(result, console())


def class_pair(pair: str) -> tuple[str, str]:
    """FILE_CLASS=MODEL_CLASS. Raises `BadInput`."""
    file, equals, model = (part.strip() for part in pair.partition("="))
    if not (file and equals and model):
        raise BadInput(f"--map {pair!r} is no pair of classes: write --map FILE_CLASS=MODEL_CLASS")
    return file, model


def sealed_file(data: Path) -> Path:
    """The test file that `data` is, or that lies beside it.

    Raises:
        BadInput: no such file, no data file, or nothing sealed beside it.
    """
    if open_dataset(data).sealed:
        return data
    sealed = test_path(data)
    if not sealed.is_file():
        raise BadInput(f"{data} has no sealed side beside it: {sealed} is missing, so build both again")
    return sealed


def show(result: dict[str, Any], to: Console) -> None:
    """Print the classes, the patients, what has to be said of them, and how often the side was opened."""
    size = f"{result['patients']} patients, {result['rows']} {result['unit']}; 95 % intervals by patient"
    title = f"{result['run']['path']} on {result['test_file']}: {size}"
    for table in stacked(class_columns(result), to.width, title):
        to.print(table)
    for table in stacked(measure_columns(result), to.width, "Without intervals, at the same thresholds"):
        to.print(table)
    for sentence in overall_sentences(result["measures"]):
        say(to, sentence)
    if result.get("internal"):
        for table in stacked(internal_columns(result), to.width, "Against validation, and what is lost here"):
            to.print(table)
    for table in stacked(
        patient_columns(result), to.width, "By patient: of each class found of all, and right of those called"
    ):
        to.print(table)
    for warning in result["warnings"]:
        say(to, warning, style="bold yellow")
    say(to, openings(result["openings"]))


def openings(count: int) -> str:
    """How often the test side has been opened, in words."""
    if count == 1:
        return "This test side has been opened once, now."
    return (
        f"This test side has been opened {count} times: each look makes its numbers a little less of a test."
    )


def class_columns(result: dict[str, Any]) -> list[Column]:
    """A row for each class, and one for the mean of those that are there."""
    classes, macro = result["classes"], result["macro"]
    rows = [*classes.values(), macro]
    blank = ("",)
    return [
        Column("class", (*classes, "macro"), key=True, left=True),
        Column(result["unit"], tuple(str(row["support"]) for row in classes.values()) + blank),
        Column("patients", tuple(str(row["patients"]) for row in classes.values()) + blank),
        Column("prevalence", tuple(number(row["prevalence"]) for row in classes.values()) + blank),
        Column("threshold", tuple(number(row["threshold"]) for row in classes.values()) + blank),
        *[Column(HEADINGS.get(name, name), tuple(interval(row[name]) for row in rows)) for name in MEASURES],
    ]


def measure_columns(result: dict[str, Any]) -> list[Column]:
    """A row for each class, and a column for each further measure."""
    classes = result["measures"]["classes"]
    return [
        Column("class", tuple(classes), key=True, left=True),
        *[
            Column(heading, tuple(score(one[name]) if name in one else "–" for one in classes.values()))
            for name, heading in FURTHER.items()
        ],
    ]


def internal_columns(result: dict[str, Any]) -> list[Column]:
    """A row for each class that validation spoke of: what it promised, and how much less is found."""
    classes = result["internal"]
    return [
        Column("class", tuple(classes), key=True, left=True),
        *[
            Column(heading, tuple(score(one.get(name)) for one in classes.values()))
            for name, heading in {
                "f1": "F1",
                "f1_drop": "F1 lost",
                "auprc": "AUPRC",
                "auprc_drop": "AUPRC lost",
            }.items()
        ],
    ]


def overall_sentences(measures: dict[str, Any]) -> list[str]:
    """The measures of all classes together, and AAMI's of ectopic beats where there are any."""
    overall = measures["overall"]
    named = ", ".join(
        f"{heading} {score(overall[name])}" for name, heading in OVERALL.items() if name in overall
    )
    sentences = [f"All together: {named}."] if named else []
    for name, heading in (("S", "SVEB"), ("V", "VEB")):
        if name in measures["aami"]:
            one = measures["aami"][name]
            shares = ", ".join(f"{AAMI[key]} {score(value)}" for key, value in one.items())
            sentences.append(f"AAMI {heading}: {shares}.")
    return sentences


def interval(measure: dict[str, float | None]) -> str:
    """A value with its 95 % interval."""
    if measure["value"] is None:
        return "–"
    if measure["low"] is None:
        return score(measure["value"])
    return f"{score(measure['value'])} [{score(measure['low'])}, {score(measure['high'])}]"


def patient_columns(result: dict[str, Any]) -> list[Column]:
    """A row for each patient: of each class found of all, and right of those called."""
    patients = result["by_patient"]
    columns = [
        Column("patient", tuple(patient["patient"] for patient in patients), key=True, left=True),
        Column(result["unit"], tuple(str(patient["rows"]) for patient in patients)),
    ]
    for name in result["classes"]:
        of = [patient["classes"][name] for patient in patients]
        columns.append(
            Column(name, tuple(f"{c['found']}/{c['support']}" if c["support"] else "–" for c in of))
        )
        called = tuple(f"{c['found']}/{c['called']}" if c["called"] else "–" for c in of)
        columns.append(Column(f"called {name}", called))
    return columns
