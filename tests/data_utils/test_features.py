"""Morphology against scipy and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from data_utils.dataset import open_dataset
from data_utils.features import feature_names, morphology
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation


def _named(signal: np.ndarray, rate: float) -> dict[str, np.ndarray]:
    names = feature_names(tuple("ab"[: signal.shape[2]]))
    return dict(zip(names, morphology(signal, rate).T, strict=True))


def test_there_are_36_of_each_lead_with_a_name_each() -> None:
    names = feature_names(("II", "V1"))
    assert len(set(names)) == 72
    assert names[0] == "II_mean" and names[36] == "V1_mean"
    assert morphology(np.zeros((3, 50, 2)), 100.0).shape == (3, 72)


def test_moments_and_quantiles_are_scipys() -> None:
    signal = np.random.default_rng(0).standard_normal((4, 300, 2))
    found = _named(signal, 360.0)
    b = signal[..., 1]
    for name, expected in {
        "mean": b.mean(axis=1),
        "std": b.std(axis=1),
        "variance": b.var(axis=1),
        "median": np.median(b, axis=1),
        "mad": stats.median_abs_deviation(b, axis=1),
        "skewness": stats.skew(b, axis=1),
        "kurtosis": stats.kurtosis(b, axis=1, fisher=False),
        "interquartile": stats.iqr(b, axis=1),
        "range": np.ptp(b, axis=1),
    }.items():
        assert found[f"b_{name}"] == pytest.approx(expected, rel=1e-5, abs=1e-6), name


def test_a_wave_by_hand() -> None:
    # 1 s at 10 Hz: two peaks, of which that of 2 mV is the R wave, a fifth from the beginning.
    wave = np.array([0, 0, 2, 0, -1, 0, 0, 0.9, 0, 0])
    found = {name: values[0] for name, values in _named(wave[None, :, None], 10.0).items()}
    assert found["a_r_amplitude"] == 2 and found["a_r_position"] == pytest.approx(0.2)
    assert found["a_peaks"] == 2
    assert found["a_zero_crossings"] == 2
    assert found["a_energy"] == pytest.approx((4 + 1 + 0.81) / 10)
    assert found["a_area"] == pytest.approx(0.39)
    # Fifths: (0, 0), (2, 0), (-1, 0), (0, 0.9), (0, 0).
    assert [found[f"a_mean_{k}"] for k in range(1, 6)] == pytest.approx([0, 1, -0.5, 0.45, 0])
    assert [found[f"a_std_{k}"] for k in range(1, 6)] == pytest.approx([0, 1, 0.5, 0.45, 0])
    assert [found[f"a_area_{k}"] for k in range(1, 6)] == pytest.approx([0, 0.2, 0.1, 0.09, 0])


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_flat_and_short_windows_give_finite_numbers(length: int) -> None:
    assert np.isfinite(morphology(np.full((2, length, 1), 3.0), 100.0)).all()


def test_features_join_the_covariates_standardised_by_the_training_side(by_hand: Path) -> None:
    train, validation = open_dataset(by_hand).sides()
    preparation = fit_preparation(train, 0.4, features="morphology")
    assert preparation.covariate_names(train.dataset)[:2] == ("rr", "MLII_mean")
    values = Examples(train, preparation).batch(np.arange(5))["covariates"]
    assert values.shape == (5, 37) and values.dtype == np.float32
    constant = values.std(axis=0) < 1e-6
    assert values.mean(axis=0) == pytest.approx(0, abs=1e-3)
    assert values[:, ~constant].std(axis=0) == pytest.approx(1, abs=1e-3)
    assert Examples(validation, preparation).batch([0])["covariates"].shape == (1, 37)


def test_features_are_of_millivolts_whatever_the_scaling_and_without_the_files_covariates(
    by_hand: Path,
) -> None:
    train, _ = open_dataset(by_hand).sides()
    plain = fit_preparation(train, 0.4, features="morphology")
    scaled = fit_preparation(train, 0.4, "window", covariates=False, features="morphology")
    assert len(scaled.covariate_names(train.dataset)) == 36
    # Asked for in another order, and twice: what is kept is each row's own.
    one, other = Examples(train, plain), Examples(train, scaled)
    other.batch([4, 2])
    assert np.array_equal(one.batch([2, 3, 4])["covariates"][:, 1:], other.batch([2, 3, 4])["covariates"])
