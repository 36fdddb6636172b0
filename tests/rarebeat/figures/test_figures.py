"""Pictures hold what they are given, in its place, escaped and described."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from rarebeat.figures import Line, bars, best_so_far, ecg, heat, lines, parallel
from rarebeat.figures.axes import Scale, number, spanning

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert('x')</script>&"
TWELVE = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def _words(root: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def _points(path: str) -> np.ndarray:
    return np.array(re.findall(r"[ML]([-\d.e]+) ([-\d.e]+)", path), float)


PICTURES = {
    "lines": lines([Line(EVIL, np.arange(3.0), np.arange(3.0))] * 2, EVIL, EVIL, EVIL, EVIL),
    "bars": bars([EVIL, "b"], {EVIL: [1, 2], "y": [0, 3]}, EVIL, EVIL, EVIL),
    "heat": heat([EVIL], ["c"], np.array([[0.9]]), [[EVIL]], EVIL, EVIL, EVIL, EVIL),
    "ecg": ecg(np.zeros((100, 1)), 100.0, [EVIL], EVIL, EVIL),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_titled_described_and_escaped(name: str) -> None:
    root = ElementTree.fromstring(PICTURES[name])
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and description is not None
    assert (title.text, description.text) == (EVIL, EVIL)
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert list(root.iter(f"{SVG}script")) == []


def test_bars_are_as_long_as_their_values() -> None:
    root = ElementTree.fromstring(bars(["a", "b", "c"], {"n": [10, 20, 0]}, "t", "d", "x"))
    widths = [float(each.get("width")) for each in root.iter(f"{SVG}rect")]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.02) and widths[2] == 0
    assert {"10", "20", "0", "a", "b", "c", "x"} <= set(_words(root))


def test_far_apart_values_are_drawn_by_their_logarithm_and_say_so() -> None:
    root = ElementTree.fromstring(bars(["a", "b", "c"], {"n": [10, 100, 10000]}, "t", "d", "x"))
    widths = np.array([float(each.get("width")) for each in root.iter(f"{SVG}rect")])
    assert np.diff(widths)[1] == pytest.approx(2 * np.diff(widths)[0], abs=0.05)
    assert "x (logarithmic)" in _words(root)


def test_a_gap_lifts_the_pen() -> None:
    root = ElementTree.fromstring(
        lines([Line("a", np.arange(4.0), np.array([1, np.nan, 2, 3]))], "t", "d", "x", "y")
    )
    (drawn,) = [each.get("d") for each in root.iter(f"{SVG}path")]
    assert drawn.count("M") == 2 and drawn.count("L") == 1


def test_an_ecg_is_drawn_at_25_mm_a_second_and_10_mm_a_millivolt() -> None:
    signal = np.zeros((1000, 1))
    signal[100] = 1.0  # 1 mV at 1 s
    root = ElementTree.fromstring(ecg(signal, 100.0, ["MLII"], "t", "d", mark=1.0))
    assert root.get("style").endswith("mm")
    pulse, trace = (_points(p.get("d")) for p in root.iter(f"{SVG}path") if p.get("class") == "trace")
    arrow = next(p.get("d") for p in root.iter(f"{SVG}path") if "fill" in p.get("class"))
    peak = trace[trace[:, 1].argmin()]
    assert pulse[-1, 0] < trace[0, 0] == pytest.approx(peak[0] - 25.0)
    assert float(arrow.split("L")[1].split()[0]) == pytest.approx(peak[0])
    assert trace[0, 1] - peak[1] == pytest.approx(10.0)


@pytest.mark.parametrize(("low", "high"), [(-0.5, 1.0), (-2.5, 0.2), (-0.1, 3.4), (np.nan, np.nan)])
def test_a_row_of_its_own_is_as_high_as_its_lead(low: float, high: float) -> None:
    signal = np.linspace(low, high, 500)[:, None]
    root = ElementTree.fromstring(ecg(signal, 100.0, ["MLII"], "t", "d"))
    height = float(root.get("viewBox").split()[3])
    assert height == 30 if not high > 3 and not low < -1 else height > 30
    for trace in (one for one in root.iter() if one.get("class") == "trace"):
        found = _points(trace.get("d")).reshape(-1, 2)[:, 1]
        assert (found > 0).all() and (found < height).all()


def test_twelve_leads_stand_in_four_columns_with_ii_below() -> None:
    root = ElementTree.fromstring(ecg(np.zeros((5000, 12)), 500.0, TWELVE, "t", "d"))
    places = {each.text: (float(each.get("x")), float(each.get("y"))) for each in root.iter(f"{SVG}text")}
    assert places["AVR"][0] - places["I"][0] == pytest.approx(2.5 * 25)
    assert places["V6"][0] - places["I"][0] == pytest.approx(7.5 * 25)
    assert places["V1"][1] == places["I"][1]
    assert [each.text for each in root.iter(f"{SVG}text")].count("II") == 2


@pytest.mark.parametrize(("seconds", "mark"), [(4, 2.0), (6, None), (10, 5.0)])
def test_no_lead_of_twelve_is_lost_in_a_short_strip_nor_the_beat_in_another_column(seconds, mark) -> None:
    root = ElementTree.fromstring(ecg(np.zeros((500 * seconds, 12)), 500.0, TWELVE, "t", "d", mark))
    assert [word for word in _words(root) if word in TWELVE] == TWELVE
    traces = [_points(p.get("d")) for p in root.iter(f"{SVG}path") if p.get("class") == "trace"][12:]
    # Each lead has all of the strip, to its last sample.
    assert [np.ptp(trace[:, 0]) for trace in traces] == pytest.approx([25.0 * seconds] * 12, abs=0.5)


def test_thinning_keeps_every_peak() -> None:
    signal = np.zeros((10000, 1))
    signal[[1234, 7777]] = [[1.5], [-1.5]]
    root = ElementTree.fromstring(ecg(signal, 1000.0, ["I"], "t", "d"))
    trace = _points([p.get("d") for p in root.iter(f"{SVG}path") if p.get("class") == "trace"][-1])
    assert len(trace) < 3000
    assert np.ptp(trace[:, 1]) == pytest.approx(30.0)  # 3 mV


def test_scales_are_round_and_hold_everything() -> None:
    scale = spanning(np.array([0.13, 0.87, np.nan]), 0, 100)
    assert (scale.low, scale.high) == pytest.approx((0.0, 1.0))
    assert scale.ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert Scale(1, 1000, 0, 90, log=True)(10) == pytest.approx(30)
    assert spanning(np.array([]), 0, 1).high > 0


@pytest.mark.parametrize(("value", "written"), [(1000, "1,000"), (0.25, "0.25"), (2.0, "2"), (123.4, "123")])
def test_numbers_are_short(value: float, written: str) -> None:
    assert number(value) == written


def test_a_run_that_has_diverged_beyond_all_scales_leaves_the_others_their_picture():
    drawn = best_so_far(np.array([0.5, 1.7e308, 0.25]), "t", "loss", smallest=True)
    assert _words(ElementTree.fromstring(drawn)).count("0.25") == 1
    assert "nan" not in drawn and "inf" not in drawn


def test_best_so_far_is_a_step_at_each_run_that_is_better():
    drawn = best_so_far(np.array([0.5, np.nan, 0.4, 0.7]), "Best", "auprc")
    assert drawn.count("<circle") == 3  # the run without a value has no dot
    assert "The best auprc of 4 runs is 0.7, by run 4." in drawn
    assert "<script" not in best_so_far(np.array([1.0]), EVIL, EVIL)
    assert "The best loss of 2 runs is 0.4, by run 2." in best_so_far(
        np.array([0.5, 0.4]), "Best", "loss", smallest=True
    )


def test_parallel_draws_the_smallest_on_top_where_less_is_better():
    axes = {"lr": [1.0, 2.0]}
    most = parallel(axes, [0.1, 0.9], "loss", "title", "")
    least = parallel(axes, [0.1, 0.9], "loss", "title", "", smallest=True)
    # The last line drawn is on top: it begins at the height of lr 2 in one, of lr 1 in the other.
    last = [re.findall(r'd="M(\S+ \S+?)L[^"]*" class="line"', drawn)[-1] for drawn in (most, least)]
    assert last[0] != last[1] and last == re.findall(r'd="M(\S+ \S+?)L[^"]*" class="line"', most)[::-1]
