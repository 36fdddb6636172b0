"""Windows at a lower rate equal those of a recording that was resampled whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from data_utils.dataset import Dataset, open_dataset
from data_utils.loader import Examples
from data_utils.preparation import Preparation
from data_utils.windows import Windows
from data_utils.write import BeatRows, Description, writing


def _recorded(path: Path, described: Description, samples: np.ndarray) -> Dataset:
    with writing(path, described) as writer:
        row = BeatRows(np.array([-1]), np.array([[1, 0, 0]], np.uint8), np.zeros((1, 0), np.float32))
        writer.add("a", "anna", "train", samples, row)
        writer.add("b", "bert", "validation", samples, row)
        writer.finish({"anna": 0, "bert": 1})
    return open_dataset(path)


@pytest.mark.parametrize(("rate", "to"), [(360.0, 128.0), (500.0, 100.0), (360.0, 250.0)])
def test_a_window_at_a_lower_rate_is_cut_from_the_resampled_recording(
    tmp_path: Path, describe: Callable, rate: float, to: float
) -> None:
    samples = np.random.default_rng(0).standard_normal((5000, 1))
    dataset = _recorded(tmp_path / "a.h5", describe(rate=rate, covariates=()), samples)
    windows = Windows(dataset, resample_to=to)
    whole = resample_poly(np.asarray(dataset.samples[:5000], np.float32), windows.up, windows.down)
    # Two windows that begin where a sample of the lower rate lies.
    steps = np.array([10, 15])
    cut = windows.cut(steps * windows.down, np.array([0, 0]), np.array([5000, 5000]), 200)
    for step, signal in zip(steps, cut.signal, strict=True):
        first = step * windows.up
        assert signal == pytest.approx(whole[first : first + 200], abs=1e-5)


def test_what_would_alias_is_held_back(tmp_path: Path, describe: Callable) -> None:
    # 120 Hz cannot be told from 20 Hz at 100 Hz; 20 Hz itself stays.
    time = np.arange(5000) / 500
    described = describe(rate=500.0, covariates=())
    for hz, power in ((120, 0.0), (20, 0.5)):
        dataset = _recorded(tmp_path / f"{hz}.h5", described, np.sin(2 * np.pi * hz * time)[:, None])
        train, _ = dataset.sides()
        signal = Examples(train, Preparation(0.0, resample_to=100.0)).batch([0], length=1000)["signal"]
        assert np.mean(signal[0, 50:-50] ** 2) == pytest.approx(power, abs=0.01)


def test_gaps_stay_gaps_and_do_not_ring(tmp_path: Path, describe: Callable) -> None:
    samples = np.full((5000, 1), 2.0)
    samples[1000:1100] = np.nan
    train, _ = _recorded(tmp_path / "a.h5", describe(rate=500.0, covariates=()), samples).sides()
    batch = Examples(train, Preparation(0.0, resample_to=100.0)).batch([0])
    assert batch["mask"].sum() == 1000
    signal = batch["signal"][0, :1000, 0]
    # Samples 1000 to 1099 at 500 Hz are 200 to 219 at 100 Hz.
    assert not signal[200:220].any()
    known = np.delete(signal, np.arange(200, 220))[10:-10]
    assert known == pytest.approx(2.0, abs=1e-3)


def test_a_beat_lies_in_the_middle_at_every_rate(tmp_path: Path, describe: Callable) -> None:
    samples = np.exp(-(((np.arange(5000) - 2500) / 10) ** 2))[:, None]
    with writing(tmp_path / "a.h5", describe(rate=360.0, covariates=())) as writer:
        row = BeatRows(np.array([2500]), np.array([[1, 0, 0]], np.uint8), np.zeros((1, 0), np.float32))
        for name, split in (("anna", "train"), ("bert", "validation")):
            writer.add(name, name, split, samples, row)
        writer.finish({"anna": 0, "bert": 1})
    train, _ = open_dataset(tmp_path / "a.h5").sides()
    for rate in (0.0, 180.0, 120.0):
        preparation = Preparation(2.0, resample_to=rate)
        signal = Examples(train, preparation).batch([0])["signal"][0, :, 0]
        assert len(signal) == 2 * (rate or 360)
        assert signal.argmax() == len(signal) // 2
