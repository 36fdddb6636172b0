"""Windows cut from recordings, by hand: a recording is its number plus a ramp of 1/256 mV a sample."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.loader import Examples
from data_utils.preparation import Preparation


def _examples(path: Path, **preparation: object) -> Examples:
    train, _ = open_dataset(path).sides()
    return Examples(train, Preparation(**{"window": 0.4} | preparation))


def test_a_window_lies_around_its_beat(by_hand: Path) -> None:
    batch = _examples(by_hand).batch(np.array([1, 0]))
    # 0.4 s at 10 Hz: two samples before the beats at 50 and 10, the beat, and one after.
    assert batch["signal"].dtype == np.float32
    expected = [[48, 49, 50, 51], [8, 9, 10, 11]]
    assert batch["signal"][..., 0].tolist() == (1 + np.array(expected) / 256).tolist()
    assert "covariates" not in batch


def test_the_position_moves_the_window(by_hand: Path) -> None:
    signal = _examples(by_hand, position=0.0).batch([0])["signal"]
    assert signal[0, :, 0].tolist() == (1 + np.array([10, 11, 12, 13]) / 256).tolist()


def test_beyond_the_recording_is_zero_and_not_the_neighbour(by_hand: Path) -> None:
    # Recording a ends at 99, its last beat is at 95; recording b follows in the file, its first beat is at 2.
    signal = _examples(by_hand, window=1.2).batch([2, 3])["signal"][..., 0]
    assert signal[0].tolist() == [*(1 + np.arange(89, 100) / 256), 0.0]
    assert signal[1].tolist() == [0.0] * 4 + (2 + np.arange(0, 8) / 256).tolist()


def test_a_window_longer_than_the_recording_is_padded_on_both_sides(by_hand: Path) -> None:
    signal = _examples(by_hand, window=30.0).batch([4])["signal"][0, :, 0]
    assert np.count_nonzero(signal) == 60
    assert signal[150] == np.float32(2 + 30 / 256)


def test_what_is_not_finite_reads_as_zero(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["samples"][49:51, 0] = [np.nan, np.inf]
    signal = _examples(by_hand).batch([1])["signal"][0, :, 0]
    assert signal.tolist() == [1 + 48 / 256, 0.0, 0.0, 1 + 51 / 256]


def test_without_an_anchor_the_window_begins_at_the_row(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["row/anchor"][1] = -1
        file["row/start"][1] = 60
        file["row/length"][1] = 3
    signal = _examples(by_hand).batch([1])["signal"][0, :, 0]
    # The row's stretch has three samples; the fourth exists in the recording, but it is not the row's.
    assert signal.tolist() == [*(1 + np.array([60, 61, 62]) / 256), 0.0]


def test_window_scaling_ignores_the_padding(by_hand: Path) -> None:
    signal = _examples(by_hand, window=1.2, scaling="window").batch([3])["signal"][0, :, 0]
    # Eight samples of a ramp: mean at 3.5, deviation sqrt((8^2 - 1) / 12) = 2.2913 steps.
    assert signal[:4].tolist() == [0.0] * 4
    np.testing.assert_allclose(signal[4:], (np.arange(8) - 3.5) / 2.29128785, rtol=1e-4)


def test_a_flat_window_scales_to_zero(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["samples"][:100] = 5.0
    assert not _examples(by_hand, scaling="window").batch([1])["signal"].any()


def test_covariates_are_standardised_and_unknown_ones_are_the_mean(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["row/covariates"][1] = np.nan
    batch = _examples(by_hand, covariate_mean=(2.0,), covariate_std=(4.0,)).batch([0, 1, 4])
    # The stored covariate is the beat's time: 1.0 s and 3.0 s.
    assert batch["covariates"].tolist() == [[-0.25], [0.0], [0.25]]
    assert batch["covariates"].dtype == np.float32


def test_targets_and_length(by_hand: Path) -> None:
    examples = _examples(by_hand)
    assert len(examples) == 5
    assert examples.targets([4, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_a_preparation_of_another_dataset_is_refused(by_hand: Path) -> None:
    with pytest.raises(ValueError, match="has 2 covariates"):
        _examples(by_hand, covariate_mean=(0.0, 0.0), covariate_std=(1.0, 1.0))
