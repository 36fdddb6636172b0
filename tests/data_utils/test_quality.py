"""Quality control names what is wrong, where, with value and limit; and detectors find the beats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_utils.ecgsyn import ecg
from data_utils.qrs import agreement, average_beats, energy_beats
from data_utils.quality import MEASURES, Limits, assess, measure, sentence
from data_utils.simulate import simulate_recording

RATE = 360.0
LEADS = ["I", "II", "V1"]


def clean(seconds: int = 20) -> np.ndarray:
    """(S, 3) mV of three simulated patients at 360 Hz, without baseline."""
    signal = [simulate_recording(1, np.random.default_rng([0, n])).samples[:, 0] for n in range(3)]
    signal = np.stack(signal, axis=1).astype(float)[: round(seconds * RATE)]
    return signal - np.array([np.convolve(lead, np.ones(721) / 721, "same") for lead in signal.T]).T


def failed(signal: np.ndarray, limits: Limits | None = None) -> set[str]:
    return {failure.measure for failure in assess(signal, RATE, LEADS, limits)}


TIME = np.arange(round(20 * RATE))[:, None] / RATE


def test_a_clean_recording_fails_nothing() -> None:
    assert assess(clean(), RATE, LEADS) == []


@pytest.mark.parametrize(
    ("measure", "signal"),
    [
        ("duration", clean(5)),
        ("missing", np.where((TIME > 3) & (TIME < 4), np.nan, clean())),
        ("flat", np.where(TIME < 3, 0.7, clean())),
        ("amplitude", clean() * 0.02),
        ("amplitude", clean() * 20),
        ("baseline", clean() + 3 * np.sin(2 * np.pi * 0.2 * TIME)),
        ("mains", clean() + 0.5 * np.sin(2 * np.pi * 50 * TIME)),
        ("mains", clean() + 0.5 * np.sin(2 * np.pi * 60 * TIME)),
        ("psqi", clean() + 2 * np.sin(2 * np.pi * 30 * TIME)),
        ("bsqi", np.random.default_rng(0).normal(size=(7200, 3))),
    ],
)
def test_each_fault_is_named(measure: str, signal: np.ndarray) -> None:
    assert measure in failed(signal)


def test_a_measure_that_the_rate_has_no_room_for_fails_nothing() -> None:
    measured = measure(clean()[::40], RATE / 40)  # 9 Hz
    assert np.isnan(measured["bsqi"]).all() and np.isnan(measured["mains"]).all()


def test_a_fault_says_lead_value_and_limit() -> None:
    signal = clean()
    signal[:, 1] *= 0.01
    failure = next(f for f in assess(signal, RATE, LEADS, Limits(spared=0)) if f.measure == "amplitude")
    assert (failure.lead, failure.limit) == ("II", 0.05)
    low, high = np.percentile(signal[:, 1], (1, 99))
    assert failure.value == pytest.approx(high - low)
    assert str(failure) == f"amplitude {failure.value:.3g} mV in II, below 0.05 mV"


def test_every_lead_is_looked_at_and_as_many_spared_as_said() -> None:
    signal = clean()
    signal[:, 2] = 0.0
    assert failed(signal) == set()  # one of three
    assert "amplitude" in failed(signal, Limits(spared=0.3))
    signal[:, 1] = 0.0
    assert "amplitude" in failed(signal)  # two of three


def test_one_reason_names_the_worst_lead_first() -> None:
    signal = clean() * np.array([1, 0.02, 0.01])
    reason = sentence(assess(signal, RATE, LEADS, replace(Limits(), flat=(None, None))))
    assert reason.startswith("amplitude ") and reason.endswith("mV in V1, below 0.05 mV (also II)")


def test_measures_by_hand() -> None:
    # A sine of amplitude 1 has its 1st and 99th percentiles at -+cos(pi/100), and a kurtosis of 3 / 2.
    signal = np.sin(2 * np.pi * 10 * TIME)
    measured = measure(signal, RATE)
    assert tuple(measured) == MEASURES
    assert measured["duration"] == 20.0
    assert measured["amplitude"] == pytest.approx(2 * np.cos(np.pi / 100), abs=1e-3)
    assert measured["kurtosis"] == pytest.approx(1.5, abs=1e-3)
    assert measured["psqi"] == pytest.approx(1.0, abs=1e-3)
    assert measured["missing"] == measured["flat"] == 0


def test_white_noise_spreads_its_power_over_the_mains_band() -> None:
    noise = np.random.default_rng(1).normal(size=(36000, 1))
    # 4 of 20 Hz, and the larger of two such shares.
    assert measure(noise, RATE)["mains"] == pytest.approx(0.2, abs=0.03)


def test_what_cannot_be_measured_fails_nothing() -> None:
    slow = clean()[::4]  # 90 Hz: no mains
    assert np.isnan(measure(slow, 90.0)["mains"]).all()
    assert {f.measure for f in assess(slow, 90.0, LEADS)} == set()


@pytest.mark.parametrize("signal", [np.full((7200, 3), np.nan), np.zeros((7200, 3)), np.zeros((3, 3))])
def test_nothing_at_all_is_refused_without_a_warning(signal: np.ndarray) -> None:
    assert failed(signal) & {"missing", "flat", "duration"}


@pytest.mark.parametrize("detect", [energy_beats, average_beats])
def test_detectors_find_the_beats_of_a_simulated_recording(detect) -> None:
    beats = np.cumsum(np.full(60, 300))
    waves = np.array([[0.12, -0.2, 0.04], [-0.17, -0.042, 0.016], [1.0, 0, 0.016], [-0.25, 0.042, 0.016],
                      [0.3, 0.25, 0.064]])  # fmt: skip
    signal = ecg(beats, np.repeat(waves[None], 60, axis=0), np.zeros(18300), RATE)
    assert agreement(detect(signal[:, None], RATE)[0], beats, 0.05 * RATE) == 1.0


def test_agreement_by_hand() -> None:
    # Three of four and of five beats are alike: 3 / (4 + 5 - 3).
    one, other = np.array([100, 200, 300, 400]), np.array([105, 200, 290, 350, 470])
    assert agreement(one, other, 10) == pytest.approx(3 / 6)
    assert agreement(one, np.array([], int), 10) == 0.0
