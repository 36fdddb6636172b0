"""Class weights by hand: 1,000 rows of 900, 60, 30 and 10."""

import numpy as np
import pytest

from data_utils.errors import BadInput
from training.losses import ClassCounts, build_loss
from training.losses.class_weights import class_weights

COUNTS = ClassCounts(np.array([900, 60, 30, 10]), np.array([100, 940, 970, 990]), ("N", "S", "V", "F"))


def weights(formula, link, counts=COUNTS, **hp):
    return class_weights(
        counts, {"class_weights": formula, "weight_power": 0.5, "weight_cap": 0.0, **hp}, link
    )


@pytest.mark.parametrize("formula", ["inverse", "balanced", "majority"])
def test_what_is_proportional_to_1_over_n_is_one_and_the_same_under_softmax(formula):
    # Each class then weighs 250 of 1,000 rows in all.
    assert weights(formula, "softmax") == pytest.approx([250 / 900, 250 / 60, 250 / 30, 25.0])


def test_weights_of_positives_against_negatives_of_weight_1():
    assert weights("inverse", "sigmoid") == pytest.approx([1000 / 900, 1000 / 60, 1000 / 30, 100])
    assert weights("balanced", "sigmoid") == pytest.approx([250 / 900, 250 / 60, 250 / 30, 25])
    assert weights("negatives", "sigmoid") == pytest.approx([100 / 900, 940 / 60, 970 / 30, 99])
    assert weights("majority", "sigmoid") == pytest.approx([1, 15, 30, 90])


def test_effective_numbers_with_b_of_one_less_1_over_n():
    b = 1 - 1 / 1000
    expected = (1 - b**COUNTS.negatives) / (1 - b**COUNTS.positives)

    assert weights("effective", "sigmoid") == pytest.approx(expected, rel=1e-5)
    # Under softmax there is no class's own negatives: Cui's weights, of mean 1 over the rows.
    alone = 1 / (1 - b**COUNTS.positives)
    alone *= 1000 / (alone * COUNTS.positives).sum()
    assert weights("effective", "softmax") == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("formula", ["power", "negatives", "effective"])
def test_under_softmax_the_mean_weight_of_the_training_rows_is_1(formula):
    total = (weights(formula, "softmax").astype("float64") * COUNTS.positives).sum()

    assert total == pytest.approx(1000, rel=1e-6)


@pytest.mark.parametrize("formula", ["inverse", "majority", "negatives", "effective", "power"])
def test_a_class_that_is_not_there_leaves_the_weights_of_the_others_alone(formula):
    more = ClassCounts(np.append(COUNTS.positives, 0), np.append(COUNTS.negatives, 1000))

    assert weights(formula, "softmax", more) == pytest.approx([*weights(formula, "softmax"), 1.0], rel=1e-6)


def test_powers_of_n():
    assert weights("power", "softmax", weight_power=1.0) == pytest.approx(weights("balanced", "softmax"))
    assert weights("power", "sigmoid", weight_power=1.0) == pytest.approx(weights("negatives", "sigmoid"))
    half = weights("power", "softmax").astype("float64")
    assert half[3] / half[0] == pytest.approx(np.sqrt(900 / 10), rel=1e-5)
    assert weights("power", "sigmoid")[3] == pytest.approx(np.sqrt(99), rel=1e-6)


def test_a_cap_holds_the_largest_back():
    assert weights("balanced", "softmax", weight_cap=5.0) == pytest.approx([250 / 900, 250 / 60, 5, 5])


def test_weights_can_be_given_by_class():
    assert weights("S=8, V=2.5", "softmax").tolist() == [1, 8, 2.5, 1]


@pytest.mark.parametrize("text", ["S=8,X=2", "S=", "S=-1", "S=8,", "S=nan"])
def test_a_map_that_cannot_be_read_is_refused_with_the_classes(text):
    with pytest.raises(BadInput, match="the classes being N, S, V, F"):
        weights(text, "softmax")


def test_a_formula_of_another_name_is_refused():
    with pytest.raises(BadInput, match="class_weights is 'inverted': take power, inverse, balanced"):
        build_loss({"loss": "weighted_ce", "class_weights": "inverted"}, COUNTS)


@pytest.mark.parametrize("formula", ["power", "inverse", "balanced", "negatives", "majority", "effective"])
@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_a_class_without_positives_weighs_one(formula, link):
    counts = ClassCounts(np.array([10, 0]), np.array([0, 10]))

    assert weights(formula, link, counts)[1] == 1
    assert np.isfinite(weights(formula, link, counts)).all()
