"""White noise that is read and not drawn: normal, its place given by the generator, nobody's to write to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from data_utils.white_noise import white_noise


@pytest.mark.parametrize("shape", [(5000, 12), (60_000, 12)])  # read, and drawn because it is too long
def test_is_normal_white_and_repeats_with_its_seed(shape: tuple[int, ...]) -> None:
    noise = white_noise(shape, 1.0, np.random.default_rng(1))
    assert noise.shape == shape and noise.dtype == np.float32
    # The Kolmogorov-Smirnov distance of n normal numbers is below 1.63 / sqrt(n) in 99 of 100 cases.
    assert kstest(noise.ravel(), "norm").statistic < 1.63 / np.sqrt(noise.size)
    # Correlations of n pairs lie within 4 / sqrt(n) of 0: with the next sample, and with the next lead.
    for one, other in ((noise[:-1], noise[1:]), (noise[:, :-1], noise[:, 1:])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(one.size)
    assert np.array_equal(noise, white_noise(shape, 1.0, np.random.default_rng(1)))
    assert not np.array_equal(noise, white_noise(shape, 1.0, np.random.default_rng(2)))
    np.testing.assert_allclose(white_noise(shape, 0.05, np.random.default_rng(1)), 0.05 * noise, rtol=1e-6)


def test_what_is_read_cannot_be_changed_for_those_who_read_it_next() -> None:
    noise = white_noise((100,), 1.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="read-only"):
        noise += 1
