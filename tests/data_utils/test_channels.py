"""Residual and scaling by hand: a recording is its number plus a ramp of 1/256 mV a sample."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.loader import Examples
from data_utils.median_beat import MOST_BEATS, evenly, median_window
from data_utils.preparation import Preparation
from data_utils.windows import Cut


def _examples(path: Path, **preparation: object) -> Examples:
    train, _ = open_dataset(path).sides()
    return Examples(train, Preparation(**{"window": 0.4} | preparation))


def test_the_residual_is_the_window_minus_the_records_median_window(by_hand: Path) -> None:
    signal = _examples(by_hand, residual=True).batch([0, 1, 2, 3])["signal"]
    plain = _examples(by_hand).batch([0, 1, 2, 3])["signal"]
    assert np.array_equal(signal[..., :1], plain)
    # Recording a: beats at 10, 50, 95, so the median beat is that at 50; b: 2 and 30, whose middle is 16.
    expected = np.array([10 - 50, 0, 95 - 50, 2 - 16]) / 256
    assert np.array_equal(signal[..., 1], np.broadcast_to(expected[:, None], (4, 4)).astype(np.float32))


def test_labels_and_sides_have_no_part_in_the_median(by_hand: Path) -> None:
    before = _examples(by_hand, residual=True).batch([0, 1, 2, 3, 4])["signal"]
    with h5py.File(by_hand, "r+") as file:
        file["row/target"][...] = np.roll(file["row/target"][()], 1, axis=1)
    assert np.array_equal(before, _examples(by_hand, residual=True).batch([0, 1, 2, 3, 4])["signal"])


def test_the_median_leaves_out_what_is_not_known(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["samples"][48:50, 0] = np.nan
    residual = _examples(by_hand, residual=True).batch([0, 1])["signal"][..., 1]
    # Where the middle beat is missing, the median lies between the beats at 10 and 95.
    assert residual[0].tolist() == pytest.approx([(10 - 52.5) / 256] * 2 + [(10 - 50) / 256] * 2)
    assert residual[1].tolist() == [0.0] * 4


def test_the_median_is_numpys() -> None:
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((7, 5, 2)).astype(np.float32)
    cut = Cut(signal, np.array([0, 1, 0, 2, 0, 0, 5]), np.array([5, 5, 3, 5, 5, 4, 5]))
    expected = np.nanmedian(np.where(cut.known(), signal, np.nan), axis=0)
    assert median_window(cut) == pytest.approx(expected)


def test_a_median_takes_beats_evenly_over_the_recording() -> None:
    some = evenly(np.arange(5000))
    assert len(some) == MOST_BEATS and (some[0], some[-1]) == (0, 4999)
    assert set(np.diff(some)) == {10, 11}
    assert evenly(np.arange(3)).tolist() == [0, 1, 2]


def test_record_scaling_is_median_and_interquartile_range_of_the_recording(by_hand: Path) -> None:
    signal = _examples(by_hand, scaling="record", residual=True).batch([1])["signal"][0]
    # A ramp of 100 samples: its median is sample 49.5, its quartiles 24.75 and 74.25.
    assert signal[:, 0] == pytest.approx((np.array([48, 49, 50, 51]) - 49.5) / 49.5, abs=1e-5)
    beat = _examples(by_hand, scaling="record", residual=True).batch([0])["signal"][0]
    assert beat[:, 1] == pytest.approx([(10 - 50) / 49.5] * 4, abs=1e-5)


def test_window_scaling_measures_the_residual_by_its_lead(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["samples"][8:12, 0] = [0.0, 1.0, 0.0, 1.0]
    signal = _examples(by_hand, scaling="window", residual=True).batch([0])["signal"][0]
    # Mean 0.5, deviation 0.5.
    assert signal[:, 0].tolist() == [-1.0, 1.0, -1.0, 1.0]
    median = 1 + np.array([48, 49, 50, 51]) / 256
    residual = np.array([0, 1, 0, 1]) - median
    assert signal[:, 1] == pytest.approx((residual - residual.mean()) / 0.5, abs=1e-5)


def test_a_flat_recording_scales_to_zero(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["samples"][:100] = 5.0
    assert not _examples(by_hand, scaling="record", residual=True).batch([0, 1])["signal"].any()


def test_a_recording_without_a_known_sample_is_zero(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["samples"][:100] = np.nan
    for scaling in ("none", "window", "record"):
        assert not _examples(by_hand, scaling=scaling, residual=True).batch([0, 1])["signal"].any()
