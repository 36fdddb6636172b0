"""Made-up tables of the form of Kaggle's heartbeats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.sources import heartbeat_csv
from tests.data_utils.sources.recordings import left_out


def write_heartbeats(path: Path, counts: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """(n, 188) as Kaggle's table has it: sorted by class, no head."""
    labels = np.repeat(np.arange(len(counts)), counts)
    beats = np.random.default_rng(seed).random((len(labels), 187)).round(4)
    table = np.column_stack([beats, labels])
    np.savetxt(path, table, delimiter=",", fmt="%.6e")
    return table


def test_every_heartbeat_of_the_table_is_there_once_and_patients_are_unknown(tmp_path: Path) -> None:
    train = write_heartbeats(tmp_path / "mitbih_train.csv", (600, 30, 40, 12, 50))
    test = write_heartbeats(tmp_path / "mitbih_test.csv", (100, 5, 9, 6, 8), seed=1)
    heartbeat_csv.build(tmp_path, tmp_path / "x.h5")
    dataset = open_dataset(tmp_path / "x.h5")
    assert not dataset.groups_known and dataset.rate == 125 and dataset.classes == ("N", "S", "V", "F", "Q")
    for side, table in ((dataset, train), (open_dataset(tmp_path / "x.test.h5"), test)):
        begins = side.recordings.first[side.rows.recording] + side.rows.start
        beats = np.stack([side.samples[begin : begin + 187, 0] for begin in begins])
        found = np.column_stack([beats.astype(float), side.rows.target.argmax(axis=1)])
        expected = np.column_stack([table[:, :-1].astype(np.float16).astype(float), table[:, -1]])
        assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, expected.tolist()))
    # 732 beats sorted by class and dealt to six folds: the validation side has each sixth.
    validation = dataset.summary["splits"]["validation"]["classes"]
    assert validation == {"N": 100, "S": 5, "V": 7, "F": 2, "Q": 8}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (np.zeros((3, 6)), "has 6 columns, not 188: 187 samples and the class, 0 to 4"),
        (np.full((3, 188), 7.0), "a beat is of class 7, but classes are 0 to 4"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, table: np.ndarray, sentence: str) -> None:
    np.savetxt(tmp_path / "mitbih_train.csv", table, delimiter=",")
    with pytest.raises(BadInput, match=sentence):
        heartbeat_csv.build(tmp_path, tmp_path / "x.h5")
    assert not (tmp_path / "x.h5").exists()


def test_heartbeats_with_missing_numbers_are_counted(tmp_path: Path) -> None:
    table = write_heartbeats(tmp_path / "mitbih_train.csv", (30, 6, 6, 6, 6))
    table[2, 5] = np.nan
    np.savetxt(tmp_path / "mitbih_train.csv", table, delimiter=",")
    heartbeat_csv.build(tmp_path, tmp_path / "x.h5")
    dataset = open_dataset(tmp_path / "x.h5")
    assert left_out(dataset) == {"1 rows of mitbih_train.csv": "not numbers from start to end"}
    assert len(dataset) == 53


def test_a_segment_begins_at_its_beat_and_lasts_1_2_periods() -> None:
    beats = np.arange(10) * 288 + 100  # 288 samples at 360 Hz are 0.8 s, 100 at 125 Hz; 1.2 times that is 120
    signal = np.zeros(3000)
    signal[beats] = 1.0
    segments, kept = heartbeat_csv.segments_of(signal, beats)
    # The tenth, at 2692 of 3000, would end 345 samples later.
    assert kept.tolist() == list(range(9)) and segments.shape == (9, 187)
    assert (segments.argmax(axis=1) == 0).all()
    assert not segments[:, 120:].any() and segments.min() == 0 and segments.max() == 1
