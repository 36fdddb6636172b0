"""`rarebeat data show --html`: one page, whole in itself, true to the file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from data_utils.layout import UNKNOWN
from data_utils.layout import test_path as sealed_path
from data_utils.quality import Failure
from data_utils.simulate import simulate
from data_utils.summary import LeftOut, Strip
from data_utils.write import BeatRows, Description, writing
from rarebeat.cli import main
from tests.rarebeat.html_page import CHROMIUM, Balanced, open_in_browser

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def _show(path: Path, html: Path) -> Result:
    return CliRunner().invoke(main, ["data", "show", str(path), "--html", str(html)])


@pytest.fixture(scope="module")
def beats(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("page") / "beats.h5"
    simulate(path, 12, 1.0)
    sealed_path(path).unlink()  # never needed
    html = path.with_suffix(".html")
    assert _show(path, html).exit_code == 0
    return path, html.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def strips(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Six recordings of twelve leads, two labels, with ages, an unknown label and a hostile name."""
    path = tmp_path_factory.mktemp("page") / "strips.h5"
    target = np.array([[1, 0], [1, 1], [0, UNKNOWN], [0, 1], [0, 0], [1, 0]], np.uint8)
    description = Description(
        task="multilabel", classes=("AF", "LBBB"), class_names=("Atrial <fibrillation>", "Left bundle"),
        leads=LEADS, rate=100.0, covariates=("age", "female"), source="by hand", licence="none",
        simulated=False, groups_known=False, preparation={},
    )  # fmt: skip
    ages = [30.0, 35.0, np.nan, 61.0, 95.0, 8.0]
    with writing(path, description) as writer:
        for n, row in enumerate(target):
            rows = BeatRows(np.array([-1]), row[None], np.array([[ages[n], n % 2]], np.float32))
            split = ["train", "train", "train", "train", "validation", "test"][n]
            samples = np.sin(np.arange(1000 + 100 * n) / 10)[:, None].repeat(12, axis=1)
            writer.add(f"r<{n}>", f"p{n}", split, samples, rows)
        folds = {f"p{n}": n % 2 for n in range(5)}
        failures = (Failure("flat", "V1", 1.0, 0.1), Failure("amplitude", "V2", 0.0123, 0.05))
        strip = Strip("V1", 100.0, [0.0, None, *[0.5] * 300])
        why = "flat 1 in V1, above 0.1"
        writer.finish(folds, [LeftOut("bad & worse", why, 1, {"AF": 1}, failures, strip)])
    html = path.with_suffix(".html")
    assert _show(path, html).exit_code == 0
    return html.read_text(encoding="utf-8")


def _rows(page: str, caption: str) -> list[list[str]]:
    """The cells of the table with that caption, without markup."""
    body = page.split(f"<caption>{caption}</caption>")[1].split("</table>")[0]
    return [
        [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall("<tr>(.*?)</tr>", body)[1:]
    ]


def test_pages_are_balanced_and_load_nothing(beats: tuple[Path, str], strips: str) -> None:
    for page in (beats[1], strips):
        Balanced(page)
        assert not re.search(r"""(src|href)=|url\(|@import|<script""", page)
        assert set(re.findall("https?://[^\"' ]+", page)) <= {"http://www.w3.org/2000/svg"}


def test_counts_are_those_of_the_file(beats: tuple[Path, str]) -> None:
    path, page = beats
    shown = json.loads(CliRunner().invoke(main, ["data", "show", str(path), "--json"]).stdout)
    rows = _rows(page, "Examples (and patients who have them)")
    for name, row in zip(shown["classes"], rows, strict=False):
        for split, cell in zip(("train", "validation", "test"), row[2:], strict=True):
            counts = shown["splits"][split]
            assert cell == f"{counts['classes'][name]:,} ({counts['patients_with'][name]:,})"


def test_the_mean_beat_of_each_class_is_drawn_and_simulation_is_said_first(beats: tuple[Path, str]) -> None:
    page = beats[1]
    assert "SIMULATED beats" in page.split("<section>")[0]
    assert all(
        re.search(rf"<h3>{name}, simulated: [\d,]+ beats of \d+ patients</h3>", page) for name in "NSV"
    )


def test_a_rejected_recording_is_drawn_with_its_reason(strips: str) -> None:
    drawn = strips.split("<h3>bad &amp; worse, V1</h3>")[1]
    assert drawn.startswith('\n<p class="dim">flat 1 in V1, above 0.1</p>\n<svg')
    assert "Rejected: flat 1 in V1, above 0.1" in drawn.split("</svg>")[0]


def test_labels_ages_and_durations_are_counted_by_hand(strips: str) -> None:
    # Of five rows of training and validation: one has both labels, one none, one label is unknown.
    assert "2 are of none of the classes, and 1 labels are unknown." in strips
    assert "From 10.0 to 14.0 s, median 12.0 s." in strips
    assert "The median age is 48 years." in strips  # of 30, 35, 61 and 95
    assert "2 recordings of women, 3 of men, 0 unknown." in strips
    assert "PATIENTS UNKNOWN" in strips


def test_an_example_of_each_class_is_drawn(strips: str) -> None:
    assert "AF (Atrial &lt;fibrillation&gt;): recording r&lt;0&gt;" in strips
    # The first with LBBB has AF too, and has not been shown.
    assert "LBBB (Left bundle): recording r&lt;1&gt;" in strips
    # Twelve leads and II below, twice; and the one lead of the rejected recording.
    assert strips.count('class="lead"') == 2 * 13 + 1


def test_what_is_left_out_is_listed_with_its_reason(strips: str) -> None:
    assert _rows(strips, "Left out") == [["bad &amp; worse", "flat 1 in V1, above 0.1", "1", "1 AF"]]
    assert _rows(strips, "Quality control, lead by lead") == [
        ["bad &amp; worse", "flat", "V1", "1", "at most 0.1"],
        ["bad &amp; worse", "amplitude", "V2", "0.0123 mV", "at least 0.05 mV"],
    ]


def test_a_rare_class_says_what_it_takes(strips: str) -> None:
    # Two patients of one positive each: 385, by the textbook.
    row = next(
        row for row in _rows(strips, "What ±0.05 takes") if row[:2] == ["AF", "training and validation"]
    )
    assert row[2:5] == ["2", "2", "1.0"] and row[6:] == ["385", "385"]


def test_a_place_that_cannot_be_written_is_one_sentence(beats: tuple[Path, str], tmp_path: Path) -> None:
    result = _show(beats[0], tmp_path / "none" / "page.html")
    assert result.exit_code == 2 and "cannot be written" in result.output


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
def test_a_real_browser_draws_it_without_complaint(strips: str, tmp_path: Path) -> None:
    open_in_browser(strips, tmp_path)
