"""Networks of earlier projects and papers, reached by hyperparameters, with the weights counted by hand.

A convolution of kernel k from a to b filters has k*a*b weights and b biases, a batch normalisation of b
filters 4*b numbers (scale, shift, mean, variance), a dense layer from a to b units a*b weights and b biases.
"""

import keras
import pytest

from models import Spec, build_model
from models.cost import multiply_adds


def norm(filters):
    return 4 * filters


def dense(one, other):
    return one * other + other


def strip(length, classes, channels=12, covariates=0, task="multilabel"):
    return Spec(length=length, channels=channels, covariates=covariates, classes=classes, task=task)


def test_the_paediatric_network_of_five_classes_has_491_589_weights():
    hp = {"filters": 32, "kernel_size": 3, "block_convolutions": 2, "batch_norm": "none"}
    hp |= {"dropout": 0.2, "dense_sizes": "256,128", "dense_dropout": 0.3}

    model = build_model(hp, strip(5000, 5))

    # Two convolutions of kernel 3 in each of four blocks: 1,184 + 3,104 + 6,208 + 12,352 + 24,704 + 49,280
    # + 98,560 + 196,864 = 392,256; dense layers 65,792 + 32,896 + 645 = 99,333.
    assert model.count_params() == 392_256 + 99_333 == 491_589


def test_the_paediatric_network_of_nineteen_classes_has_380_627_weights():
    hp = {"block_filters": "64,128,256,256", "block_kernels": "7,5,3,3", "unpooled_blocks": 1}
    hp |= {"batch_norm": "all", "conv_bias": True, "dense_units": 128, "dropout": 0.3, "dense_dropout": 0.5}

    model = build_model(hp, strip(None, 19))

    # Convolutions 5,440 + 41,088 + 98,560 + 196,864, their normalisations 256 + 512 + 1,024 + 1,024,
    # dense 32,896 + 512 + 2,451.
    assert model.count_params() == 341_952 + 2_816 + 35_859 == 380_627


def test_the_beat_network_of_three_layers_flattened_has_the_weights_counted_by_hand():
    hp = {"block_filters": "32,64,32", "block_kernels": "5,3,3", "conv_bias": True, "pooling": "flatten"}
    hp |= {"dense_units": 100, "dropout": 0.25}

    model = build_model(hp, strip(187, 5, channels=1, task="multiclass"))

    # 187 samples halved three times are 23.
    blocks = 192 + norm(32) + 6_208 + norm(64) + 6_176 + norm(32)
    assert model.count_params() == blocks + dense(23 * 32, 100) + dense(100, 5) == 87_293


def test_the_recurrent_network_of_two_lstm_layers_has_the_weights_counted_by_hand():
    hp = {"model": "rnn", "stem_blocks": 0, "rnn_sizes": "128,64", "dense_units": 64, "dropout": 0.2}

    model = build_model(hp, strip(187, 5, channels=1, task="multiclass"))

    # An LSTM has four gates, each with weights for inputs and states and one bias.
    first, second = 4 * ((1 + 128) * 128 + 128), 4 * ((128 + 64) * 64 + 64)
    assert model.count_params() == first + second + dense(64, 64) + dense(64, 5) == 120_453


def test_the_network_of_beats_and_features_joins_a_branch_of_five_layers():
    hp = {"block_filters": "64,128,256,256", "pooling": "flatten", "dense_sizes": "64,32"}
    hp |= {"covariate_layers": 5, "covariate_units": 512}

    model = build_model(hp, strip(187, 5, channels=1, covariates=36, task="multiclass"))

    blocks = sum(5 * one * other + norm(other) for one, other in [(1, 64), (64, 128), (128, 256), (256, 256)])
    branch = dense(36, 512) + dense(512, 256) + dense(256, 128) + dense(128, 64) + dense(64, 32)
    # 187 samples halved four times are 11; 32 features join.
    head = dense(11 * 256 + 32, 64) + dense(64, 32) + dense(32, 5)
    assert model.count_params() == blocks + branch + head


def test_the_se_resnet_of_eight_blocks_has_the_weights_counted_by_hand():
    hp = {"model": "se_resnet", "stages": 4, "conv_bias": True, "pooling": "flatten", "dense_units": 128}

    model = build_model(hp, strip(5000, 27))

    def convolution(one, other):
        return 15 * one * other + other + norm(other)

    def squeeze(filters):
        return 2 * filters * (filters // 16)

    total, before = convolution(12, 64), 64
    for filters in (64, 128, 256, 512):
        shortening = 2 * convolution(before, filters) + convolution(filters, filters) + squeeze(filters)
        total += shortening + convolution(filters, filters) + squeeze(filters)
        before = filters
    # 5000 samples are 5 after the stem and four stages.
    total += dense(5 * 512, 128) + dense(128, 27)
    assert model.count_params() == total == 16_178_011


def test_the_residual_network_of_ribeiro_2020_has_the_weights_counted_by_hand():
    hp = {"model": "resnet1d", "depth": 10, "long_kernel_size": 16, "stage_stride": 4, "dropout": 0.2}
    hp |= {"stage_filters": "128,196,256,320", "pooling": "flatten"}

    model = build_model(hp, strip(4096, 6))

    total, before = 16 * 12 * 64 + norm(64), 64
    for filters in (128, 196, 256, 320):
        shortcut = before * filters
        total += shortcut + 16 * before * filters + 16 * filters * filters + 2 * norm(filters)
        before = filters
    # 4096 samples shortened by 4 four times are 16.
    assert model.count_params() == total + dense(16 * 320, 6) == 6_425_638


def test_the_xresnet1d101_of_the_ptbxl_benchmark_has_the_weights_counted_by_hand():
    hp = {"model": "xresnet1d", "depth": 101, "stage_filters": "64,64,64,64", "pooling": "average_max"}

    model = build_model(hp, strip(1000, 5))

    def convolution(size, one, other):
        return size * one * other + norm(other)

    def bottleneck(one, shortcut):
        path = convolution(1, one, 64) + convolution(5, 64, 64) + convolution(1, 64, 256)
        return path + (convolution(1, one, 256) if shortcut else 0)

    stem = convolution(5, 12, 32) + convolution(5, 32, 32) + convolution(5, 32, 64)
    # 3 + 4 + 23 + 3 blocks; only the first changes the number of filters, from 64 to 256.
    blocks = bottleneck(64, True) + 32 * bottleneck(256, False)
    assert model.count_params() == stem + blocks + dense(2 * 256, 5)


def test_a_bottleneck_of_the_last_stage_hands_on_2048_filters():
    model = build_model({"model": "xresnet1d", "depth": 50}, strip(64, 5))

    assert max(layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv1D)) == 2048


@pytest.mark.parametrize(
    ("hp", "length", "sentence"),
    [
        ({"model": "se_resnet", "stages": 4}, 288, "take stages up to 3 or a longer window"),
        ({"model": "resnet1d", "stage_stride": 4}, 187, "take stage_stride up to 3 or a longer window"),
        ({"model": "xresnet1d"}, 31, "take a window of at least 32 samples or another model"),
        ({"model": "rnn", "stem_blocks": 8}, 187, "take stem_blocks up to 7 or a longer window"),
        ({"model": "crnn", "n_blocks": 8}, 187, "take n_blocks up to 7 or a longer window"),
        (
            {"n_blocks": 8, "unpooled_blocks": 1, "filters": 1},
            100,
            "take n_blocks up to 7 or a longer window",
        ),
        ({"block_filters": "32,64", "block_kernels": "5"}, 187, "block_kernels has 1 numbers for 2 blocks"),
        (
            {"block_filters": "32,x"},
            187,
            "block_filters is '32,x', but it must be whole numbers",
        ),
        ({"block_filters": "1024"}, 187, "whole numbers from 1 to 512"),
        ({"dense_sizes": "64,,32"}, 187, "dense_sizes is '64,,32'"),
        ({"model": "resnet1d", "stage_filters": "64"}, 187, "stage_filters has 1 numbers for 4 stages"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_fit(hp, length, sentence):
    with pytest.raises(ValueError, match=sentence):
        build_model(hp, strip(length, 5))


def test_the_deepest_that_a_refusal_names_does_build():
    for hp, length in (
        ({"model": "se_resnet", "stages": 3, "width": 2}, 288),
        ({"model": "resnet1d", "depth": 10, "stage_stride": 3, "width": 2}, 187),
        ({"model": "xresnet1d", "depth": 10, "width": 2}, 32),
        ({"n_blocks": 7, "unpooled_blocks": 1, "filters": 1}, 100),
    ):
        assert build_model(hp, strip(length, 5)).output.shape == (None, 5)


def test_multiply_adds_of_convolutions_dense_and_recurrent_layers_by_hand():
    model = build_model({"n_blocks": 1, "filters": 4, "dense_units": 6}, strip(32, 3, channels=2))
    assert multiply_adds(model) == 32 * 5 * 2 * 4 + 4 * 6 + 6 * 3

    hp = {"model": "rnn", "stem_blocks": 1, "stem_filters": 4, "rnn_units": 3, "dense_units": 6}
    model = build_model(hp, strip(32, 3, channels=2))
    assert multiply_adds(model) == 16 * 5 * 2 * 4 + 16 * 4 * (4 + 3) * 3 + 3 * 6 + 6 * 3


def test_a_model_of_any_length_has_no_one_cost():
    with pytest.raises(ValueError, match="no fixed length"):
        multiply_adds(build_model({"n_blocks": 1, "filters": 2}, strip(None, 3)))
