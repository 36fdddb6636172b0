"""RR covariates, by hand."""

from __future__ import annotations

import numpy as np

from data_utils.rr import RR_COVARIATES, rr_covariates


def test_a_premature_beat_by_hand() -> None:
    # Beats at 100 Hz: four intervals of 1 s, a premature beat after 0.6 s, its pause of 1.4 s, then 1 s.
    beats = np.array([0, 100, 200, 300, 400, 460, 600, 700])
    covariates = dict(zip(RR_COVARIATES, rr_covariates(beats, 100.0)[5], strict=True))
    expected = (0.6, 1.4, 0.6, 1.4, 0.6, 1.4, 1.0)
    np.testing.assert_allclose(list(covariates.values()), expected, rtol=1e-6)


def test_the_local_median_knows_the_ten_intervals_before_and_no_future() -> None:
    # Twelve intervals of 1 s, then twelve of 0.5 s: the median of ten turns after the fifth of them.
    beats = np.concatenate([[0], np.cumsum([100] * 12 + [50] * 12)])
    pre_local = rr_covariates(beats, 100.0)[:, RR_COVARIATES.index("rr_pre_local")]
    assert pre_local[12] == 1.0
    # Beat 13 has the first short interval; the ten before it are all long.
    assert pre_local[13:18].tolist() == [0.5] * 5
    # Five long and five short before beat 18: median 0.75.
    np.testing.assert_allclose(pre_local[18], 0.5 / 0.75, rtol=1e-6)
    assert pre_local[19] == 1.0


def test_ends_are_filled_with_the_records_median() -> None:
    covariates = rr_covariates(np.array([0, 80, 160, 240]), 100.0)
    np.testing.assert_allclose(covariates[0], [0.8, 0.8, 1, 1, 1, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(covariates[-1], [0.8, 0.8, 1, 1, 1, 1, 1], rtol=1e-6)


def test_one_beat_has_no_interval() -> None:
    assert np.isnan(rr_covariates(np.array([5]), 100.0)).all()
    assert rr_covariates(np.array([], int), 100.0).shape == (0, 7)


def test_two_annotations_on_one_sample_stay_finite() -> None:
    assert np.isfinite(rr_covariates(np.array([10, 10, 10, 90]), 100.0)).all()


def test_a_gap_without_annotations_counts_as_a_pause_of_three_seconds() -> None:
    beats = np.array([0, 100, 200, 300, 10_300, 10_400])  # 100 s in which nobody saw a beat
    before_gap, after_gap = rr_covariates(beats, 100.0)[3:5]

    np.testing.assert_allclose(before_gap, [1, 3, 1, 3, 1, 3, 1], rtol=1e-6)
    np.testing.assert_allclose(after_gap, [3, 1, 3, 1, 3, 1, 1], rtol=1e-6)
