"""What `rarebeat evaluate` prints of a result, and which file it opens."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from data_utils.errors import BadInput
from rarebeat.evaluate import interval, openings, sealed_file, show

NOTHING = {"value": None, "low": None, "high": None}


def measures(value: float) -> dict:
    known = {"value": value, "low": value - 0.1, "high": value + 0.1}
    return {"sensitivity": known, "precision": NOTHING, "f1": known, "auprc": known, "auroc": known}


def of_patient(support: int, found: int, called: int) -> dict:
    return {"support": support, "found": found, "called": called, "sensitivity": None, "precision": None}


RESULT = {
    "run": {"path": "local/p/abc"},
    "test_file": "x.test.h5",
    "patients": 2,
    "rows": 120,
    "unit": "strips",
    "openings": 3,
    "warnings": ["There are only 2 patients: intervals from fewer than 20 are too narrow."],
    "classes": {
        "N": {"support": 110, "patients": 2, "prevalence": 0.9167, "threshold": 0.5, **measures(0.9)},
        "S": {"support": 10, "patients": 1, "prevalence": 0.0833, "threshold": 0.05, **measures(0.25)},
    },
    "macro": {"classes": ["N", "S"], **measures(0.575)},
    "measures": {
        "classes": {
            "N": {
                "specificity": 0.4,
                "npv": 0.3,
                "f2": 0.91,
                "mcc": 0.2,
                "calibration_error": 0.0132,
                "brier": 0.1,
            },
            "S": {"specificity": 0.97},
        },
        "overall": {"weighted_f1": 0.85, "kappa": 0.21, "jk_index": 0.345},
        "aami": {"S": {"se": 0.25, "ppv": 0.5, "fpr": 0.0364}, "V": {"fpr": 0.0}},
    },
    "by_patient": [
        {"patient": "100", "rows": 70, "classes": {"N": of_patient(60, 58, 59), "S": of_patient(10, 4, 8)}},
        {"patient": "103", "rows": 50, "classes": {"N": of_patient(50, 50, 50), "S": of_patient(0, 0, 0)}},
    ],
}


def printed(width: int = 200) -> str:
    stream = io.StringIO()
    show(RESULT, Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def line(text: str, first: str) -> list[str]:
    """The cells of the first table row that begins with `first`."""
    rows = ([cell.strip() for cell in row.strip("│").split("│")] for row in text.splitlines() if "│" in row)
    return next(row for row in rows if row[0] == first)


def test_every_class_has_its_support_threshold_and_intervals():
    cells = line(printed(), "S")
    assert cells[:5] == ["S", "10", "1", "0.0833", "0.05"]
    assert cells[5:7] == ["0.250 [0.150, 0.350]", "–"]
    assert line(printed(), "macro")[7] == "0.575 [0.475, 0.675]"


def test_further_measures_stand_below_and_those_of_all_in_a_sentence():
    text = printed()

    assert "0.970" in text and "0.013" in text
    assert "All together: weighted F1 0.850, kappa 0.210, jk index 0.345." in text
    assert "AAMI SVEB: Se 0.250, +P 0.500, FPR 0.036." in text
    assert "AAMI VEB: FPR 0.000." in text


def test_every_patient_has_found_of_all_and_right_of_called():
    assert line(printed(), "100") == ["100", "70", "58/60", "58/59", "4/10", "4/8"]
    assert line(printed(), "103") == ["103", "50", "50/50", "50/50", "–", "–"]


def test_what_was_evaluated_is_called_what_it_is():
    text = printed()

    assert "2 patients, 120 strips; 95 % intervals" in text
    # Above the column of each class, and of each patient.
    assert text.count("strips") == 3
    assert "beats" not in text


def test_doubt_and_the_count_of_openings_stand_below():
    text = printed()
    assert RESULT["warnings"][0] in text
    assert "opened 3 times" in text
    assert openings(1) == "This test side has been opened once, now."


@pytest.mark.parametrize("width", [60, 100])
def test_a_narrow_terminal_cuts_no_number(width):
    text = printed(width)
    # Sentences go on in the next line; tables fit.
    assert max(len(row) for row in text.splitlines() if "│" in row) <= width
    assert text.count("0.250 [0.150, 0.350]") == 4


def test_a_value_without_an_interval_stands_alone():
    assert interval({"value": 0.5, "low": None, "high": None}) == "0.500"


def test_the_training_file_leads_to_the_sealed_one(tmp_path, terminal):
    shell = terminal(tmp_path)
    shell.run("rarebeat", "data", "simulate", "--out", "s.h5", "--patients", "12", "--minutes", "1")
    sealed = tmp_path / "s.test.h5"
    assert sealed_file(tmp_path / "s.h5") == sealed
    assert sealed_file(sealed) == sealed
    sealed.unlink()
    with pytest.raises(BadInput, match=r"no sealed side beside it: .*s\.test\.h5 is missing"):
        sealed_file(tmp_path / "s.h5")
