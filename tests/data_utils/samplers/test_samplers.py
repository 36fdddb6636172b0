"""How often the samplers that mix nothing draw a row, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from data_utils.dataset import Side, open_dataset
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.samplers import SAMPLERS, build_sampler, hyperparameters, register_sampler
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.draws import ClassDraws
from data_utils.samplers.ml_ros import clones
from data_utils.samplers.recipes import make_batch
from data_utils.samplers.repeat_factor import RepeatFactor, repeat_factors
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


def test_oversample_raises_to_the_target_and_fills_anew_each_epoch(train: Side) -> None:
    sampler = build_sampler({"sampler": "oversample", "sampler_target": "C=25"}, train, 0, 1015)
    epochs = [sampler.epoch(np.random.default_rng(seed)).rows for seed in (0, 1)]
    repeats = [np.bincount(rows, minlength=1000) for rows in epochs]

    for times in repeats:
        assert (times[:990] == 1).all()  # 900 + 90 rows as they are
        assert sorted(times[990:]) == [2] * 5 + [3] * 5  # 25 = 2 * 10 + 5
    assert repeats[0].tolist() != repeats[1].tolist()


def test_oversample_with_noise_leaves_one_of_each_row_clean(train: Side) -> None:
    hp = {"sampler": "oversample_noise", "noise_sigma": 0.1}
    drawn = build_sampler(hp, train, 0, 2700).epoch(np.random.default_rng(0))

    clean = np.bincount(drawn.rows[drawn.noise == 0])
    assert clean.tolist() == [1] * 1000
    assert set(drawn.noise[drawn.noise > 0]) == {np.float32(0.1)}


def test_undersample_draws_other_rows_of_a_frequent_class_in_each_epoch(train: Side) -> None:
    sampler = build_sampler({"sampler": "undersample"}, train, 0, 30)
    epochs = [sampler.epoch(np.random.default_rng(seed)).rows for seed in range(3)]

    for rows in epochs:
        assert train.targets[rows].sum(axis=0).tolist() == [10, 10, 10]
        assert len(set(rows)) == 30
    assert len(set(np.concatenate(epochs)) & set(range(900))) > 20


def test_progressive_goes_from_the_data_to_balance(train: Side) -> None:
    sampler = build_sampler({"sampler": "progressive"}, train, 1000, 100)
    halfway = sampler.epoch(np.random.default_rng(0), 0.5).rows
    # (0.9 + 1/3) / 2, (0.09 + 1/3) / 2, (0.01 + 1/3) / 2
    np.testing.assert_allclose(_shares(train, halfway), [0.6167, 0.2117, 0.1717], atol=0.006)


def test_repeat_factors_by_hand() -> None:
    # Prevalence 1, 0.25 and, where it is known, 1/3: sqrt(0.49 / 0.25) = 1.4, sqrt(0.49 * 3) = 1.2124
    targets = np.array([[1, 0, 0], [1, 1, 1], [1, 0, 255], [1, 0, 0]], np.uint8)
    np.testing.assert_allclose(repeat_factors(targets, 0.49), [1, 1.4, 1, 1])
    targets[3, 2], targets[1, 2] = 1, 0
    np.testing.assert_allclose(repeat_factors(targets, 0.49), [1, 1.4, 1, 1.2124], atol=1e-4)


def test_repeat_factor_settles_fractions_by_lot() -> None:
    targets = np.array([[1, 0], [1, 1], [1, 0], [1, 0]], np.uint8)
    drawn = RepeatFactor(targets, 0.49).draw(44_000, np.random.default_rng(0), 0.0).rows
    # Factors 1, 1.4, 1, 1: 4.4 a pass.
    np.testing.assert_allclose(np.bincount(drawn) / 10_000, [1, 1.4, 1, 1], atol=0.02)


def test_clones_until_no_label_is_rarer_than_the_mean_was() -> None:
    # Counts 12, 6, 1: imbalances 1, 2, 12, mean 5. The third label is at 12 / 3 = 4 after two clones.
    targets = np.zeros((18, 3), np.uint8)
    targets[:12, 0] = targets[12:18, 1] = targets[17, 2] = 1
    assert clones(targets, 1.0, np.random.default_rng(0)).tolist() == [17, 17]
    # One clone is all that 1 / 18 of the rows allows.
    assert clones(targets, 1 / 18, np.random.default_rng(0)).tolist() == [17]
    assert clones(targets[:, :1], 1.0, np.random.default_rng(0)).tolist() == []


def test_a_side_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(BadInput, match="No training row has a known class"):
        ClassDraws(np.full((3, 2), 255, np.uint8), power=0.0)


def test_a_sampler_from_outside_declares_its_hyperparameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_utils.samplers.registry.SAMPLERS", dict(SAMPLERS))
    register_sampler("mine", SAMPLERS["none"].make, {"mine_only": {"type": "int", "default": 3}})

    assert hyperparameters()["mine_only"] == {"type": "int", "default": 3, "active": {"sampler": ["mine"]}}
    with pytest.raises(ValueError, match="other and smote declare k_neighbors differently"):
        register_sampler("other", SAMPLERS["none"].make, {"k_neighbors": {"type": "int", "default": 3}})


def test_noise_on_a_repeated_row_is_white_of_the_deviation_asked_for(tmp_path) -> None:
    signal = np.ones((200, 1))
    signal[:50] = np.nan  # not measured
    description = Description(
        "multiclass", ("A", "B"), ("A", "B"), ("I",), 1.0, (), "test", "none", False, True, {}
    )
    with writing(tmp_path / "x.h5", description) as writer:
        for split in ("train", "validation"):
            beats = BeatRows(np.array([100]), np.eye(2, dtype=np.uint8)[:1], np.zeros((1, 0), np.float32))
            writer.add(split, split, split, signal, beats)
        writer.finish({"train": 0, "validation": 1})
    side = open_dataset(tmp_path / "x.h5").sides()[0]
    examples = Examples(side, fit_preparation(side, window=200.0))
    drawn = Drawn(np.zeros(40, np.int64), noise=np.repeat(np.float32([0.0, 0.1]), 20))

    made = make_batch(examples, drawn, np.random.default_rng(0))["signal"]

    assert (made[:20, 50:] == 1).all()
    assert (made[:, :50] == 0).all()
    # 3000 samples: the mean within 0.1 / sqrt(3000) = 0.0018, the deviation within 0.0013, three times over.
    added = made[20:, 50:] - 1
    assert added.mean() == pytest.approx(0, abs=0.0055) and added.std() == pytest.approx(0.1, abs=0.004)
    assert np.corrcoef(added[:, :-1].ravel(), added[:, 1:].ravel())[0, 1] == pytest.approx(0, abs=0.06)
