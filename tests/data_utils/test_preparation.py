"""The preparation is fitted on training rows only and survives JSON."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.preparation import Preparation, fit_preparation


def test_statistics_are_those_of_the_training_rows(by_hand: Path) -> None:
    train, _ = open_dataset(by_hand).sides()
    fitted = fit_preparation(train, window=0.8)
    # Times of the five training beats: 1.0 5.0 9.5 0.2 3.0 s.
    assert fitted.covariate_mean == pytest.approx((3.74,))
    assert fitted.covariate_std == pytest.approx((np.std([1.0, 5.0, 9.5, 0.2, 3.0]),))


def test_unknown_covariates_are_left_out_and_constant_ones_stay_finite(by_hand: Path) -> None:
    with h5py.File(by_hand, "r+") as file:
        file["row/covariates"][:5, 0] = [7.0, np.nan, 7.0, 7.0, np.inf]
    train, _ = open_dataset(by_hand).sides()
    fitted = fit_preparation(train, window=0.8)
    assert (fitted.covariate_mean, fitted.covariate_std) == ((7.0,), (1.0,))


def test_covariates_can_be_left_out(by_hand: Path) -> None:
    train, _ = open_dataset(by_hand).sides()
    assert fit_preparation(train, 0.8, covariates=False).covariate_mean == ()


def test_no_other_side_can_be_fitted_on(by_hand: Path) -> None:
    _, validation = open_dataset(by_hand).sides()
    with pytest.raises(ValueError, match="this is the validation side"):
        fit_preparation(validation, 0.8)


def test_survives_json() -> None:
    preparation = Preparation(0.8, 0.4, "window", (1.0, 2.0), (3.0, 4.0))
    assert Preparation.from_json(json.loads(json.dumps(preparation.to_json()))) == preparation


def test_length_in_samples() -> None:
    # 0.8 s at MIT-BIH's 360 Hz.
    assert Preparation(0.8).length(360.0) == 288


@pytest.mark.parametrize("wrong", [{"window": -1.0}, {"scaling": "rows"}, {"covariate_mean": (1.0,)}])
def test_refuses_what_makes_no_sense(wrong: dict) -> None:
    with pytest.raises(ValueError, match="must"):
        Preparation(**{"window": 0.8} | wrong)
