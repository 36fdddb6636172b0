"""The preparation at build: what a filter lets through, where gaps and beats lie, and how it is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_utils.errors import BadInput, BadRecord
from data_utils.recipe import Recipe

RATE = 500.0
TIME = np.arange(5000) / RATE


def sine(hz: float, rate: float = RATE, seconds: float = 10.0) -> np.ndarray:
    """(S, 1) mV"""
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)[:, None]


def gain(recipe: Recipe, hz: float) -> float:
    """Amplitude of a sine after the recipe, away from the ends."""
    inner = recipe.apply(sine(hz), RATE, ["I"])[1000:-1000, 0]
    return float(np.sqrt(2) * inner.std())


def test_without_wishes_the_signal_stays_as_it_is() -> None:
    signal = np.random.default_rng(0).normal(size=(100, 2))
    assert np.array_equal(Recipe().apply(signal, RATE, ["I", "II"]), signal.astype(np.float32))


@pytest.mark.parametrize(
    ("hz", "expected"), [(0.05, 0.0), (0.5, 0.5), (10.0, 1.0), (40.0, 0.5), (100.0, 0.0)]
)
def test_band_pass_halves_its_edges_as_it_runs_twice(hz: float, expected: float) -> None:
    # One pass of a Butterworth filter leaves 1 / sqrt(2) at its edges; two leave a half.
    recipe = Recipe(band_pass=(0.5, 40.0))
    inner = recipe.apply(sine(hz, seconds=60), RATE, ["I"])[10000:-10000, 0]
    assert np.sqrt(2) * inner.std() == pytest.approx(expected, abs=0.02)


def test_a_wave_does_not_move_in_time() -> None:
    bump = np.exp(-(((TIME - 5) / 0.03) ** 2))[:, None]
    for recipe in (Recipe(band_pass=(0.5, 40.0), notch=50.0), Recipe(rate=100.0)):
        stored = recipe.apply(bump, RATE, ["I"])[:, 0]
        assert stored.argmax() / (recipe.rate or RATE) == pytest.approx(5.0, abs=1e-9)


def test_notch_takes_the_mains_and_leaves_the_qrs() -> None:
    assert gain(Recipe(notch=50.0), 50.0) < 0.01
    assert gain(Recipe(notch=50.0), 15.0) == pytest.approx(1.0, abs=0.02)


def test_an_edge_above_half_the_rate_has_nothing_to_take_out() -> None:
    signal = sine(10, rate=100.0, seconds=30)
    both = Recipe(band_pass=(0.5, 60.0), notch=50.0).apply(signal, 100.0, ["I"])
    assert np.allclose(both[1000:-1000, 0], signal[1000:-1000, 0], atol=0.01)


def test_resampling_keeps_the_wave_and_holds_back_what_would_alias() -> None:
    recipe = Recipe(rate=100.0)
    assert recipe.apply(sine(5), RATE, ["I"])[100:-100, 0] == pytest.approx(
        sine(5, 100.0)[100:-100, 0], abs=0.01
    )
    # 90 Hz would show as 10 Hz at 100 Hz.
    assert np.abs(recipe.apply(sine(90), RATE, ["I"])[100:-100]).max() < 0.01


def test_a_constant_stays_constant_to_its_ends() -> None:
    stored = Recipe(rate=128.0).apply(np.full((3600, 1), 2.0), 360.0, ["I"])
    assert stored.shape == (1280, 1)
    assert stored == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("recipe", [Recipe(band_pass=(0.5, 40.0)), Recipe(rate=100.0), Recipe(notch=50.0)])
def test_a_gap_costs_its_own_samples_and_no_others(recipe: Recipe) -> None:
    signal = np.sin(2 * np.pi * 2 * TIME)[:, None]
    whole = recipe.apply(signal, RATE, ["I"])[:, 0]
    signal[2000:2050] = np.nan  # 4.0 to 4.1 s
    stored = recipe.apply(signal, RATE, ["I"])[:, 0]
    rate = recipe.rate or RATE
    lost = np.flatnonzero(np.isnan(stored)) / rate
    assert lost.min() == pytest.approx(4.0, abs=1 / rate)
    assert lost.max() == pytest.approx(4.1, abs=1 / rate)
    assert len(lost) == pytest.approx(0.1 * rate, abs=1)
    far = np.abs(np.arange(len(stored)) / rate - 4.05) > 1.5
    assert stored[far] == pytest.approx(whole[far], abs=0.05)


def test_a_lead_of_gaps_alone_stays_one() -> None:
    stored = Recipe(rate=100.0, band_pass=(0.5, 40.0)).apply(np.full((500, 1), np.nan), RATE, ["I"])
    assert stored.shape == (100, 1) and np.isnan(stored).all()


def test_leads_are_found_by_name_without_regard_to_case() -> None:
    signal = np.arange(6.0).reshape(2, 3)
    stored = Recipe(leads=("aVR", "I")).apply(signal, RATE, ["I", "II", "AVR"])
    assert stored.tolist() == [[2, 0], [5, 3]]


def test_a_missing_lead_is_refused_by_name_or_stored_as_zero() -> None:
    with pytest.raises(BadRecord, match="no lead named V6; it has I"):
        Recipe(leads=("I", "V6")).apply(np.ones((4, 1)), RATE, ["I"])
    stored = Recipe(leads=("I", "V6"), missing_leads="zero").apply(np.ones((4, 1)), RATE, ["I"])
    assert stored.tolist() == [[1, 0]] * 4


def test_a_lead_that_is_there_twice_is_refused() -> None:
    with pytest.raises(BadRecord, match="two leads named i"):
        Recipe(leads=("I",)).apply(np.ones((4, 2)), RATE, ["I", "i"])


def test_clipping_is_in_mv_and_keeps_gaps() -> None:
    stored = Recipe(clip=2.0).apply(np.array([[9.0], [np.nan], [-9.0], [1.0]]), RATE, ["I"])
    assert np.array_equal(stored[:, 0], [2, np.nan, -2, 1], equal_nan=True)


@given(
    length=st.integers(1, 400),
    rates=st.tuples(*[st.sampled_from([100.0, 125.0, 128.0, 250.0, 257.0, 360.0, 500.0, 1000.0])] * 2),
)
@settings(max_examples=60, deadline=None)
def test_every_sample_has_a_place_in_what_is_stored(length: int, rates: tuple[float, float]) -> None:
    recipe = Recipe(rate=rates[1])
    stored = recipe.apply(np.zeros((length, 1)), rates[0], ["I"])
    places = recipe.positions(np.arange(length), rates[0], length)
    assert len(stored) == recipe.length(length, rates[0]) == int(np.ceil(length * rates[1] / rates[0]))
    assert places.min() == 0 and places.max() < len(stored)
    # Nearest sample, except that the last ones may have to stay inside.
    assert (np.abs(places / rates[1] - np.arange(length) / rates[0]) <= 1 / rates[1]).all()


def test_survives_json() -> None:
    recipe = Recipe(250.0, (0.5, 40.0), 60.0, ("I", "II"), "zero", 5.0)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert Recipe.from_json(Recipe().to_json()) == Recipe()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0.0},
        {"clip": -1.0},
        {"notch": float("nan")},
        {"band_pass": (40.0, 0.5)},
        {"missing_leads": "guess"},
        {"leads": ("I", "i")},
    ],
)
def test_refuses_what_makes_no_sense(wrong: dict) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong))):
        Recipe(**wrong)


def test_a_band_above_what_the_recording_holds_is_refused() -> None:
    with pytest.raises(BadRecord, match="too slowly"):
        Recipe(band_pass=(60.0, 100.0)).apply(sine(5, 100.0), 100.0, ["I"])
