"""Average precision and AUROC are scikit-learn's, with ties and with weights."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from training.ranking import Ranking


def draw(seed, ties):
    rng = np.random.default_rng(seed)
    positive = rng.random(300) < 0.1
    scores = rng.normal(size=300) + positive
    return (np.round(scores) if ties else scores), positive, rng.integers(0, 4, 300)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_unweighted(seed, ties):
    scores, positive, _ = draw(seed, ties)

    expected = average_precision_score(positive, scores), roc_auc_score(positive, scores)

    assert Ranking(scores, positive).measure() == pytest.approx(expected)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_weight_counts_a_row_that_often(seed, ties):
    scores, positive, times = draw(seed, ties)
    repeated = np.repeat(np.arange(300), times)

    expected = (
        average_precision_score(positive[repeated], scores[repeated]),
        roc_auc_score(positive[repeated], scores[repeated]),
    )

    ranking = Ranking(scores, positive)
    assert ranking.measure(times[ranking.order]) == pytest.approx(expected)


def test_by_hand():
    # Ranked + - + -: precision 1 and 2/3 at the positives; 3 of 4 pairs in order.
    values = Ranking(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False])).measure()

    assert values == pytest.approx(((1 + 2 / 3) / 2, 0.75))


def test_what_is_undefined_is_nan():
    scores = np.array([0.1, 0.2])

    assert all(map(math.isnan, Ranking(scores, np.array([False, False])).measure()))
    average_precision, auroc = Ranking(scores, np.array([True, True])).measure()
    assert average_precision == 1
    assert math.isnan(auroc)
    assert all(map(math.isnan, Ranking(np.array([]), np.array([], bool)).measure()))


@pytest.mark.parametrize("most", [0, 1 << 23], ids=["by rows", "by groups"])
@pytest.mark.parametrize("ties", [False, True])
def test_a_draw_of_groups_is_a_weighting_of_their_rows(ties, most, monkeypatch):
    monkeypatch.setattr("training.ranking._MOST", most)
    scores, positive, _ = draw(7, ties)
    rng = np.random.default_rng(7)
    group = rng.integers(0, 9, 300)
    positive &= group != 3
    times = np.concatenate([rng.integers(0, 3, (500, 9)), np.zeros((1, 9), int), np.eye(9, dtype=int)[[3]]])
    ranking = Ranking(scores, positive)

    expected = np.array([ranking.measure(drawn[group][ranking.order]) for drawn in times])

    assert np.isnan(expected[-2:]).all()
    np.testing.assert_allclose(np.transpose(ranking.resample(group, times)), expected, atol=1e-12)


def test_a_draw_without_rows_or_positives_is_nan():
    times = np.ones((2, 1), int)
    for rows in (0, 3):
        found = Ranking(np.arange(float(rows)), np.zeros(rows, bool)).resample(np.zeros(rows, int), times)
        assert np.shape(found) == (2, 2)
        assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("groups", "draws", "products"), [(9, 1000, 1), (1000, 1000, 0), (9, 9, 0), (9, 0, 0)]
)
def test_rows_are_summed_where_there_are_too_many_groups_or_too_few_draws_for_products(
    groups, draws, products, monkeypatch
):
    by_products, used = Ranking._resample, []
    monkeypatch.setattr(Ranking, "_resample", lambda *given: used.append(1) or by_products(*given))
    scores, positive, _ = draw(7, False)
    group = np.arange(300) % groups

    values = Ranking(scores, positive).resample(group, np.ones((draws, groups), int))

    assert np.shape(values) == (2, draws)
    assert len(used) == products
