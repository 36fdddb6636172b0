"""What each augmentation does to an example, by hand; what it never does, for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_utils.augment import HYPERPARAMETERS, build_augmenter
from data_utils.augment.augmenter import STRENGTHS
from data_utils.augment.missing import measured
from data_utils.errors import BadInput

RATE, SIZE, LENGTH, LEADS = 100.0, 64, 200, 3
# One strength of each that shows.
SHOWING = {
    "augment_warp": 0.2,
    "augment_shift": 0.2,
    "augment_amplitude": 0.3,
    "augment_mixup": 1.0,
    "augment_wander": 0.5,
    "augment_snr": 10.0,
    "augment_lead_dropout": 0.5,
    "augment_mask": 0.5,
}


def batch_of(lengths: np.ndarray | None = None, seed: int = 0) -> dict[str, np.ndarray]:
    """Noise about 1 mV, in which no sample is 0; with `lengths`, padded behind them."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(1, 0.1, (SIZE, LENGTH, LEADS)).astype(np.float32)
    batch = {"signal": signal, "covariates": rng.normal(size=(SIZE, 2)).astype(np.float32)}
    if lengths is not None:
        mask = (np.arange(LENGTH) < lengths[:, None]).astype(np.float32)
        batch |= {"signal": signal * mask[..., None], "mask": mask}
    return batch


def augmented(batch: dict[str, np.ndarray], seed: int = 0, leads: int = LEADS, **hp: float) -> dict:
    augment = build_augmenter({"augment_probability": 1.0, **hp}, RATE, leads)
    return augment({name: values.copy() for name, values in batch.items()}, np.random.default_rng(seed))


def test_the_strengths_are_all_tried_here():
    assert set(SHOWING) == set(STRENGTHS)


def test_by_default_nothing_is_done():
    assert build_augmenter({}, RATE, LEADS) is None
    assert build_augmenter({**SHOWING, "augment_probability": 0.0}, RATE, LEADS) is None
    assert all(HYPERPARAMETERS[name]["default"] == 0 for name in STRENGTHS)


@pytest.mark.parametrize("name", list(SHOWING))
class TestEveryAugmentation:
    def test_changes_signals_and_keeps_shape_type_and_finiteness(self, name):
        before = batch_of()
        after = augmented(before, **{name: SHOWING[name]})

        assert not np.array_equal(before["signal"], after["signal"])
        assert {key: (v.shape, v.dtype) for key, v in after.items()} == {
            key: (v.shape, v.dtype) for key, v in before.items()
        }
        assert np.isfinite(after["signal"]).all()

    def test_is_decided_by_the_generator(self, name):
        hp = {name: SHOWING[name]}
        first = augmented(batch_of(), **hp)["signal"]

        assert np.array_equal(first, augmented(batch_of(), **hp)["signal"])
        assert not np.array_equal(first, augmented(batch_of(), seed=1, **hp)["signal"])

    def test_changes_as_many_examples_as_asked_for(self, name):
        before = batch_of()
        after = [
            augmented(before, seed, **{name: SHOWING[name]}, augment_probability=0.3) for seed in range(20)
        ]
        changed = [(each["signal"] != before["signal"]).any(axis=(1, 2)).mean() for each in after]

        # 0.3 of 1280 examples: standard error 0.013. A shift may be of 0, all leads may stay, a mate may be
        # the example itself.
        few = 0.3 * {"augment_lead_dropout": 1 - 0.5**3, "augment_shift": 1 - 1 / 41}.get(name, 1 - 1 / SIZE)
        assert np.mean(changed) == pytest.approx(few, abs=0.04)

    def test_leaves_padding_empty(self, name):
        before = batch_of(np.random.default_rng(1).integers(50, LENGTH + 1, SIZE))
        after = augmented(before, **{name: SHOWING[name]})

        assert (after["signal"][before["mask"] == 0] == 0).all()
        assert np.array_equal(after["mask"], before["mask"])

    def test_changes_covariates_only_where_it_mixes_examples(self, name):
        same = np.array_equal(
            augmented(batch_of(), **{name: SHOWING[name]})["covariates"], batch_of()["covariates"]
        )
        assert same == (name != "augment_mixup")

    def test_does_to_repeated_leads_what_it_does_to_the_leads(self, name):
        # A second set of channels, such as the same leads without the record's median beat.
        before = batch_of()
        before["signal"] = np.concatenate([before["signal"], before["signal"] / 2], axis=2)
        first, second = np.split(augmented(before, **{name: SHOWING[name]})["signal"], 2, axis=2)
        difference = np.split(before["signal"], 2, axis=2)
        if name in ("augment_wander", "augment_snr"):
            np.testing.assert_allclose(first - difference[0], second - difference[1], atol=1e-6)
        else:
            np.testing.assert_allclose(first / 2, second, atol=1e-6)


def test_a_shift_moves_whole_samples_and_prolongs_the_edges():
    before = batch_of()
    for old, new in zip(before["signal"], augmented(before, augment_shift=0.1)["signal"], strict=True):
        # 0.1 s are 10 samples at 100 Hz, to either side.
        at = np.arange(LENGTH)
        shifts = [s for s in range(-10, 11) if np.array_equal(new, old[np.clip(at - s, 0, LENGTH - 1)])]
        assert len(shifts) == 1


def test_a_warp_plays_a_ramp_faster_or_slower_about_its_middle():
    ramp = np.broadcast_to(
        (np.arange(LENGTH, dtype=np.float32) - 99.5)[:, None], (SIZE, LENGTH, LEADS)
    ).copy()
    warped = augmented({"signal": ramp}, augment_warp=0.2)["signal"]
    slopes = warped[:, 120] - warped[:, 119]

    # A ramp about 0 stays one through 0, with the speed as its slope.
    np.testing.assert_allclose(warped[:, 119] / 19.5, slopes, atol=1e-4)
    assert 0.8 <= slopes.min() < 0.85 and 1.15 < slopes.max() <= 1.2
    assert np.ptp(slopes, axis=1).max() < 1e-4


def test_the_gain_is_one_number_an_example_within_bounds():
    before = batch_of()
    gain = augmented(before, augment_amplitude=0.3)["signal"] / before["signal"]

    assert np.ptp(gain, axis=(1, 2)).max() < 1e-5
    assert 0.7 <= gain.min() < 0.75 and 1.25 < gain.max() <= 1.3


def test_mixup_leaves_the_example_with_the_target_the_greater_weight():
    labels = np.zeros((SIZE, LENGTH, LEADS), np.float32)
    labels[np.arange(SIZE), np.arange(SIZE)] = 1.0  # example i is 1 at sample i
    mixed = augmented({"signal": labels}, augment_mixup=1.0)["signal"][..., 0]
    own = mixed[np.arange(SIZE), np.arange(SIZE)]

    assert own.min() >= 0.5 and own.min() < 0.6
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("worst", [0.5, 20.0])
def test_noise_lies_within_ten_decibels_of_the_ratio_asked_for(worst):
    before = batch_of()
    noise = augmented(before, augment_snr=worst)["signal"] - before["signal"]
    # Power about the mean; 600 samples estimate it to 6 %, that is 0.25 dB, one by one.
    ratio = 10 * np.log10(before["signal"].var(axis=1).mean(axis=1) / (noise**2).mean(axis=(1, 2)))

    assert worst - 1 < ratio.min() < worst + 2
    assert worst + 8 < ratio.max() < worst + 11


def test_wander_is_slow_and_no_larger_than_asked_for():
    before = batch_of()
    added = augmented(before, augment_wander=0.5)["signal"] - before["signal"]

    assert 0.4 < np.abs(added).max() <= 0.5 + 1e-5
    # 0.5 Hz of 0.5 mV changes by at most 2 pi 0.5 0.5 mV/s, a hundredth of it each sample.
    assert np.abs(np.diff(added, axis=1)).max() <= 0.0158 + 1e-5


def test_one_lead_at_least_stays_and_the_others_go_whole():
    kept = augmented(batch_of(), augment_lead_dropout=0.9)["signal"] != 0

    assert (kept.all(axis=1) == kept.any(axis=1)).all()
    assert kept.any(axis=(1, 2)).all()
    # 0.9 dropped of 3 x 64 leads, but for the 0.9^3 = 0.73 of examples whose last one is spared.
    assert kept.any(axis=1).sum(axis=1).mean() == pytest.approx(0.3 + 0.73, abs=0.2)


def test_one_stretch_of_every_example_is_covered():
    hidden = augmented(batch_of(), augment_mask=0.5)["signal"] == 0
    assert np.array_equal(hidden.all(axis=2), hidden.any(axis=2))
    edges = np.diff(hidden[..., 0].astype(int), axis=1, prepend=0, append=0)
    assert ((edges == 1).sum(axis=1) <= 1).all()
    assert 0.4 < hidden[..., 0].mean(axis=1).max() <= 0.5 + 1 / LENGTH


def test_nothing_is_added_where_nothing_was_measured():
    before = batch_of()
    before["signal"][:, 40:80, 1] = 0.0  # 0.4 s of a lead
    before["signal"][:, 150, 2] = 0.0  # a sample that happens to be 0 mV
    after = augmented(before, augment_wander=0.5, augment_snr=5.0)["signal"]

    assert (after[:, 40:80, 1] == 0).all()
    assert (after[:, 150, 2] != 0).all() and (after[:, 80, 1] != 0).all()


@settings(max_examples=60, deadline=None)
@given(
    zeros=st.lists(st.booleans(), min_size=12, max_size=40), rate=st.sampled_from([40.0, 60.0, 80.0, 100.0])
)
def test_stretches_of_zeros_are_what_was_not_measured(zeros, rate):
    signal = np.where(zeros, 0.0, 1.0).astype(np.float32)[None, :, None]
    run = max(2, round(0.05 * rate))
    expected = np.ones(len(zeros), bool)
    for first in range(len(zeros) - run + 1):
        if all(zeros[first : first + run]):
            expected[first : first + run] = False

    assert np.array_equal(measured(signal, rate)[0, :, 0], expected)


def test_dropping_the_only_lead_is_refused():
    with pytest.raises(BadInput, match="augment_lead_dropout needs two leads or more"):
        build_augmenter({"augment_lead_dropout": 0.1}, RATE, 1)
