"""What every sampler keeps, and how often each draws a class, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from data_utils.dataset import Side, open_dataset
from data_utils.errors import BadInput
from data_utils.samplers import SAMPLERS, build_sampler, hyperparameters, register_sampler
from data_utils.samplers.draws import ClassDraws
from data_utils.samplers.strata import strata
from data_utils.write import BeatRows, Description, writing

COUNTS = (900, 90, 10)


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Side:
    """900, 90 and 10 rows of three classes."""
    path = tmp_path_factory.mktemp("counts") / "x.h5"
    classes = np.repeat(np.arange(3), COUNTS)
    description = Description(
        "multiclass", ("A", "B", "C"), ("A", "B", "C"), ("I",), 1.0, (), "test", "none", False, True, {}
    )
    with writing(path, description) as writer:
        for name, rows in (("many", classes), ("one", classes[:1])):
            target = np.eye(3, dtype=np.uint8)[rows]
            beats = BeatRows(np.arange(len(rows)), target, np.zeros((len(rows), 0), np.float32))
            writer.add(name, name, "train" if name == "many" else "validation", np.zeros((1000, 1)), beats)
        writer.finish({"many": 0, "one": 1})
    return open_dataset(path).sides()[0]


def _drawn(train: Side, name: str, steps: int, batch_size: int = 100, seed: int = 0) -> np.ndarray:
    sampler = build_sampler({"sampler": name}, train, steps, batch_size)
    return sampler.epoch(np.random.default_rng(seed)).rows


def _shares(train: Side, drawn: np.ndarray) -> np.ndarray:
    return train.targets[drawn].mean(axis=0)


@pytest.mark.parametrize("name", list(SAMPLERS))
class TestEverySampler:
    def test_yields_positions_of_training_rows(self, train: Side, name: str) -> None:
        drawn = _drawn(train, name, steps=7, batch_size=32)
        assert drawn.shape == (7 * 32,)
        assert drawn.dtype == np.int64
        assert drawn.min() >= 0 and drawn.max() < len(train)

    def test_is_decided_by_the_generator(self, train: Side, name: str) -> None:
        assert _drawn(train, name, 5).tolist() == _drawn(train, name, 5).tolist()
        assert _drawn(train, name, 5).tolist() != _drawn(train, name, 5, seed=1).tolist()

    def test_no_steps_mean_one_pass(self, train: Side, name: str) -> None:
        sampler = build_sampler({"sampler": name}, train, 0, 128)
        passed = 2700 if name == "oversample" else 1000
        assert sampler.steps == -(-passed // 128)

    def test_resamples_nothing_but_the_training_side(self, train: Side, name: str) -> None:
        _, validation = train.dataset.sides()
        with pytest.raises(ValueError, match="Only the training side"):
            build_sampler({"sampler": name}, validation, 1, 1)


def test_none_sees_every_row_once_per_pass(train: Side) -> None:
    drawn = _drawn(train, "none", steps=20)
    assert np.bincount(drawn).tolist() == [2] * 1000
    assert sorted(drawn[:1000]) == list(range(1000))
    assert drawn[:1000].tolist() != sorted(drawn[:1000])


def test_oversample_repeats_every_class_to_the_majority(train: Side) -> None:
    drawn = _drawn(train, "oversample", steps=27)
    assert train.targets[drawn].sum(axis=0).tolist() == [900, 900, 900]
    # 900 / 90 and 900 / 10: within a class every row as often.
    assert set(np.bincount(drawn)[900:990]) == {10} and set(np.bincount(drawn)[990:]) == {90}


def test_sqrt_draws_by_the_square_root_of_the_count(train: Side) -> None:
    # sqrt(900) : sqrt(90) : sqrt(10) = 30 : 9.487 : 3.162
    np.testing.assert_allclose(
        _shares(train, _drawn(train, "sqrt", 1000)), [0.7034, 0.2224, 0.0741], atol=0.006
    )


def test_class_aware_draws_every_class_alike(train: Side) -> None:
    np.testing.assert_allclose(_shares(train, _drawn(train, "class_aware", 1000)), [1 / 3] * 3, atol=0.006)


def test_a_class_without_rows_is_not_drawn() -> None:
    targets = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1]], np.uint8)
    drawn = ClassDraws(targets, power=0.0).draw(2000, np.random.default_rng(0), 0.0).rows
    np.testing.assert_allclose(np.bincount(drawn, minlength=3) / 2000, [0.5, 0.25, 0.25], atol=0.04)


def test_multilabel_rows_count_for_their_rarest_positive() -> None:
    targets = np.array([[1, 0, 0], [1, 1, 0], [1, 255, 1], [1, 1, 255], [0, 0, 0], [0, 255, 0]], np.uint8)
    # Positives: 4, 2, 1; no positive is a stratum of its own.
    assert strata(targets).tolist() == [0, 1, 2, 1, 3, 3]


def test_an_unknown_sampler_is_named(train: Side) -> None:
    with pytest.raises(BadInput, match=r"no sampler 'smot'.*none.*oversample"):
        build_sampler({"sampler": "smot"}, train, 1, 1)


def test_the_choices_are_the_registered_samplers() -> None:
    assert hyperparameters()["sampler"]["choices"] == list(SAMPLERS)


def test_a_name_that_is_taken_is_not_taken_over() -> None:
    before = SAMPLERS["none"]
    with pytest.raises(ValueError, match="already a sampler named none"):
        register_sampler("none", SAMPLERS["sqrt"].make)
    assert SAMPLERS["none"] is before
