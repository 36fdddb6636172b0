"""The convolutional network: shapes, size by hand, and the depth that a window allows."""

import pytest

from models import Spec, build_model

SPEC = Spec(length=288, channels=1, covariates=7, classes=4, task="multiclass")


def test_two_blocks_have_the_number_of_weights_counted_by_hand():
    spec = Spec(length=32, channels=2, covariates=3, classes=4, task="multiclass")
    model = build_model({"n_blocks": 2, "filters": 4, "kernel_size": 5, "dense_units": 6}, spec)

    first = 5 * 2 * 4 + 4 * 4
    second = 5 * 4 * 8 + 4 * 8
    dense = (8 + 3) * 6 + 6
    head = 6 * 4 + 4
    assert model.count_params() == first + second + dense + head


def test_filters_double_and_stop_at_512():
    model = build_model({"n_blocks": 5, "filters": 64, "kernel_size": 1}, SPEC)

    assert [layer.filters for layer in model.layers if "conv1d" in layer.name] == [64, 128, 256, 512, 512]


def test_a_window_of_187_samples_halves_seven_times_at_most():
    spec = Spec(length=187, channels=1, covariates=0, classes=5, task="multiclass")
    small = {"filters": 1, "kernel_size": 1, "dense_units": 1}

    assert build_model({"n_blocks": 7, **small}, spec).output_shape == (None, 5)
    with pytest.raises(ValueError, match=r"n_blocks is 8, but a window of 187 samples can be halved 7 times"):
        build_model({"n_blocks": 8, **small}, spec)
