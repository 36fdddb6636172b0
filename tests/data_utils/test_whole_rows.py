"""Examples that are whole rows: padded with a mask, cropped in training alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_utils.buckets import padded_length
from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import Preparation, fit_preparation
from data_utils.write import BeatRows, writing

LENGTHS = (40, 25, 33, 60)


@pytest.fixture
def strips(tmp_path: Path, describe: Callable) -> Path:
    """Recording i of LENGTHS[i] samples at 10 Hz holds 100 i + t; leads II (its negative) and V1."""
    path = tmp_path / "strips.h5"
    with writing(path, describe(leads=("V1", "II"), covariates=())) as writer:
        for i, length in enumerate(LENGTHS):
            ramp = 100.0 * i + np.arange(length)
            row = BeatRows(np.array([-1]), np.eye(3, dtype=np.uint8)[[i % 3]], np.zeros((1, 0), np.float32))
            split = "validation" if i == 3 else "train"
            writer.add(f"r{i}", f"p{i}", split, np.stack([ramp, -ramp], axis=1), row)
        writer.finish({f"p{i}": i for i in range(4)})
    return path


def _examples(path: Path, **preparation: object) -> Examples:
    train, _ = open_dataset(path).sides()
    return Examples(train, Preparation(**{"window": 0.0} | preparation))


def test_a_batch_is_as_long_as_its_longest_row_and_the_mask_says_what_is_real(strips: Path) -> None:
    batch = _examples(strips).batch([1, 0])
    assert batch["signal"].shape == (2, padded_length(40), 2)
    assert batch["mask"].sum(axis=1).tolist() == [25, 40]
    assert batch["signal"][0, :25, 0].tolist() == (100 + np.arange(25)).tolist()
    assert not batch["signal"][batch["mask"] == 0].any()
    assert batch["mask"].dtype == batch["signal"].dtype == np.float32


def test_a_fixed_window_has_no_mask(strips: Path) -> None:
    batch = _examples(strips, window=3.0).batch([1])
    # 3 s at 10 Hz, of which the row has 25 samples.
    assert batch.keys() == {"signal"} and batch["signal"].shape == (1, 30, 2)
    assert np.count_nonzero(batch["signal"][0, :, 0]) == 25


def test_training_crops_at_random_and_prediction_takes_the_whole(strips: Path) -> None:
    examples = _examples(strips, crop=2.0)
    assert examples.training_lengths.tolist() == [20, 20, 20]
    assert examples.lengths.tolist() == [40, 25, 33]
    firsts = set()
    for seed in range(200):
        batch = examples.batch([1], np.random.default_rng(seed))
        signal = batch["signal"][0, batch["mask"][0] == 1, 0]
        assert np.array_equal(signal, signal[0] + np.arange(20))
        firsts.add(int(signal[0]) - 100)
    # A crop of 20 of 25 samples begins at 0 to 5, and each of these comes up in 200 draws.
    assert firsts == set(range(6))
    assert examples.batch([1])["mask"].sum() == 25


def test_leads_are_chosen_by_name_in_the_order_asked_for(strips: Path) -> None:
    train, _ = open_dataset(strips).sides()
    preparation = fit_preparation(train, 0.0, leads="II, V1")
    assert preparation.channels(train.dataset) == 2
    signal = Examples(train, preparation).batch([0])["signal"]
    assert signal[0, 5].tolist() == [-5.0, 5.0]
    assert _examples(strips, leads=("II",)).batch([0])["signal"][0, 5].tolist() == [-5.0]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"leads": "II,aVR"}, "no lead aVR: the file has V1, II"),
        ({"leads": "II,II"}, "names a lead twice"),
        ({"resample_to": 500.0}, "resample_to=500 Hz is above the file's 10 Hz"),
        ({"features": "morphology"}, "features=morphology needs a window"),
        ({"residual": True}, "residual needs beats"),
    ],
)
def test_what_the_file_cannot_give_is_refused_in_a_sentence(strips: Path, asked: dict, sentence: str) -> None:
    train, _ = open_dataset(strips).sides()
    with pytest.raises(BadInput, match=sentence):
        Examples(train, fit_preparation(train, 0.0, **asked))


def test_beats_have_no_whole_row(by_hand: Path) -> None:
    with pytest.raises(BadInput, match="beats of long recordings: give a window"):
        _examples(by_hand)
