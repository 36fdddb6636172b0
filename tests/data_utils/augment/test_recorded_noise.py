"""Noise that was recorded: from WFDB records, at the examples' rate, from any place of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_utils.augment import build_augmenter
from data_utils.augment.adding import RecordedNoise
from data_utils.errors import BadInput


def write_wfdb(folder: Path, name: str, samples: np.ndarray, rate: int) -> Path:
    """Two channels in format 16 at 1000 units a mV, by hand."""
    folder.mkdir(exist_ok=True)
    channels = "".join(f"{name}.dat 16 1000(0)/mV 16 0 0 0 0 noise{n}\n" for n in (1, 2))
    (folder / f"{name}.hea").write_text(f"{name} 2 {rate} {len(samples)}\n{channels}")
    (1000 * samples).round().astype("<i2").tofile(folder / f"{name}.dat")
    return folder / name


@pytest.fixture
def ramps(tmp_path) -> Path:
    """A record of 30 s at 50 Hz: a slow wave and one at 5 Hz."""
    time = np.arange(1500) / 50
    waves = np.stack([np.sin(2 * np.pi * 0.1 * time), np.sin(2 * np.pi * 5 * time)], axis=1)
    return write_wfdb(tmp_path / "noise", "ma", waves, 50)


def test_stretches_have_mean_0_and_deviation_1_and_the_records_frequencies(ramps):
    drawn = RecordedNoise([ramps], 100.0).draw((200, 400, 2), np.random.default_rng(0))

    assert drawn.shape == (200, 400, 2) and drawn.dtype == np.float32
    np.testing.assert_allclose(drawn.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(drawn.std(axis=1), 1, atol=1e-4)
    # 4 s at 100 Hz: 5 Hz is line 20. The slow wave stays below line 3. Either comes as often.
    strongest = np.abs(np.fft.rfft(drawn, axis=1)).argmax(axis=1)
    assert set(np.unique(strongest)) <= {1, 2, 20}
    assert (strongest == 20).mean() == pytest.approx(0.5, abs=0.1)


def test_it_is_added_at_the_ratio_asked_for(ramps):
    signal = np.random.default_rng(0).normal(size=(50, 400, 2)).astype(np.float32)
    hp = {"augment_probability": 1.0, "augment_snr": 10.0, "noise_from": str(ramps)}
    after = build_augmenter(hp, 100.0, 2)({"signal": signal.copy()}, np.random.default_rng(0))["signal"]
    ratio = 10 * np.log10(signal.var(axis=1).mean(axis=1) / ((after - signal) ** 2).mean(axis=(1, 2)))

    assert 9.9 < ratio.min() < 11 and 19 < ratio.max() < 20.1


def test_records_that_cannot_be_used_are_named(ramps, tmp_path):
    with pytest.raises(BadInput, match=r"noise_from=.*nothing cannot be read"):
        build_augmenter({"augment_snr": 10.0, "noise_from": f"{ramps},{tmp_path / 'nothing'}"}, 100.0, 2)
    with pytest.raises(BadInput, match=r"noise_from=.*ma is shorter than an example"):
        RecordedNoise([ramps], 100.0).draw((1, 4000, 1), np.random.default_rng(0))


def test_white_noise_needs_no_record():
    assert build_augmenter({"augment_snr": 10.0}, 100.0, 2) is not None


def test_a_record_is_not_read_when_no_noise_is_asked_for():
    assert build_augmenter({"augment_wander": 0.1, "noise_from": "nowhere"}, 100.0, 2) is not None
