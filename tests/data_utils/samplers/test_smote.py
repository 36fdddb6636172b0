"""Mixtures are exactly imbalanced-learn's; what cannot be mixed is refused."""

from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE

from data_utils.dataset import Side, open_dataset
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.samplers import build_sampler
from data_utils.samplers.neighbours import mixtures
from data_utils.samplers.recipes import make_batch
from data_utils.write import BeatRows, Description, writing

PEERS = {"smote": SMOTE, "borderline_smote": BorderlineSMOTE, "adasyn": ADASYN}
RATE, BEAT = 10.0, 8


def peer(name: str, goals: dict, seed: int, k: int = 5):
    neighbours = {"n_neighbors": k} if name == "adasyn" else {"k_neighbors": k}
    return PEERS[name](sampling_strategy=goals, random_state=seed, **neighbours)


@pytest.mark.parametrize("name", list(PEERS))
@pytest.mark.parametrize("dimensions", [3, 40])
@pytest.mark.parametrize(("seed", "k"), [(0, 5), (11, 3)])
def test_rows_mates_and_shares_give_the_peers_samples_bit_for_bit(name, dimensions, seed, k):
    rng = np.random.default_rng(seed)
    stratum = np.repeat([0, 1, 2], [200, 40, 25])
    points = (rng.normal(size=(265, dimensions)) + stratum[:, None] / 2).astype(np.float32)
    points[201] = points[200]  # doubles, whose nearest neighbour is themselves
    goals = {0: 200, 1: 150, 2: 200}
    theirs, classes = peer(name, goals, seed, k).fit_resample(points, stratum)

    row, mate, share = mixtures(name, points, stratum, goals, k, seed)

    ours = (points[row] + share[:, None] * (points[mate] - points[row])).astype(np.float32)
    doubles = (row == mate) | (points[row] == points[mate]).all(axis=1)
    assert np.array_equal(ours[~doubles], theirs[265:][~doubles])
    np.testing.assert_allclose(ours, theirs[265:], rtol=1e-6, atol=1e-6)
    assert np.array_equal(stratum[row], classes[265:]) and np.array_equal(stratum[mate], classes[265:])


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Side:
    """Two patients with 100, 20 and 15 aligned beats, and two covariates; one beat is of no known class."""
    path = tmp_path_factory.mktemp("smote") / "x.h5"
    names = ("N", "S", "V")
    description = Description(
        "multiclass", names, names, ("I",), RATE, ("rr", "age"), "test", "none", False, True, {}
    )
    number = np.repeat([0, 1, 2], [100, 20, 15])
    target = np.concatenate([np.eye(3, dtype=np.uint8)[number], np.full((1, 3), 255, np.uint8)])
    number = np.append(number, 0)
    with writing(path, description) as writer:
        for patient, split in (("p", "train"), ("q", "validation")):
            rng = np.random.default_rng(len(split))
            signal = np.repeat(number, BEAT)[:, None] / 2 + rng.normal(0, 0.7, (BEAT * len(number), 1))
            covariates = (number[:, None] + rng.normal(size=(len(number), 2))).astype(np.float32)
            beats = BeatRows(BEAT * np.arange(len(number)) + BEAT // 2, target, covariates)
            writer.add(patient, patient, split, signal, beats)
        writer.finish({"p": 0, "q": 1})
    return open_dataset(path).sides()[0]


HP = {"window": 0.8, "scaling": "none", "covariates": True, "seed": 3}


@pytest.mark.parametrize("name", list(PEERS))
@pytest.mark.parametrize("part", ["beat", "features"])
def test_the_batches_hold_what_the_peer_makes_of_the_loaders_examples(train: Side, name, part):
    sampler = build_sampler({**HP, "sampler": name, "smote_on": part}, train, 0, 10)
    recipes = sampler.sampler.recipes
    examples = Examples(train, fit_preparation(train, 0.8))
    known = np.flatnonzero((train.targets == 1).any(axis=1))
    everything = examples.batch(known)
    key = "signal" if part == "beat" else "covariates"
    flat = everything[key].reshape(len(known), -1)
    stratum = train.targets[known].argmax(axis=1)
    theirs, classes = peer(name, {0: 100, 1: 100, 2: 100}, 3).fit_resample(flat, stratum)

    made = make_batch(examples, recipes, np.random.default_rng(0))

    np.testing.assert_allclose(made[key].reshape(len(recipes), -1), theirs, atol=2e-6)
    assert np.array_equal(train.targets[recipes.rows].argmax(axis=1), classes)
    # The other part is mixed of the same rows by the same shares.
    other = "covariates" if part == "beat" else "signal"
    values = examples.batch(np.arange(len(train)))[other].reshape(len(train), -1)
    mixed = recipes.lam[:, None] * values[recipes.rows] + (1 - recipes.lam[:, None]) * values[recipes.mates]
    np.testing.assert_allclose(made[other].reshape(len(recipes), -1), mixed, atol=2e-6)


def test_a_pass_holds_every_known_row_once_and_the_mixtures(train: Side):
    sampler = build_sampler({**HP, "sampler": "smote", "sampler_target": "S=50"}, train, 0, 165)
    recipes = sampler.epoch(np.random.default_rng(0))

    as_is = recipes.rows[recipes.lam == 1]
    assert sorted(as_is) == list(range(135))  # row 135 is of no known class
    assert train.targets[recipes.rows].sum(axis=0).tolist() == [100, 50, 15]


@pytest.mark.parametrize(
    ("hp", "sentence"),
    [
        ({"k_neighbors": 15}, r"V has 15 training rows, but smote with k_neighbors=15 takes at least 16"),
        ({"window": 3.0}, r"window=3 s holds several, .* set window to 2 or less"),
        ({"window": 0.0}, r"window=0 s"),
        ({"smote_on": "features", "covariates": False}, r"smote_on is features, but the model gets none"),
        ({"sampler": "adasyn", "sampler_target": "N=101"}, r"adasyn finds nothing to mix on these rows"),
    ],
)
def test_what_makes_no_sense_is_refused(train: Side, hp, sentence):
    with pytest.raises(BadInput, match=sentence):
        build_sampler({**HP, "sampler": "smote", **hp}, train, 0, 10)


def test_a_class_that_is_not_raised_may_have_fewer_rows_than_neighbours(train: Side):
    hp = {**HP, "sampler": "smote", "sampler_target": "S=30", "k_neighbors": 15}
    assert build_sampler(hp, train, 0, 1).steps == 145


def test_recordings_without_beats_are_not_averaged_out_of_phase(tmp_path):
    path = tmp_path / "x.h5"
    names = tuple(f"L{n}" for n in range(12))
    description = Description(
        "multiclass", ("N", "S"), ("N", "S"), names, 500.0, (), "t", "n", False, True, {}
    )
    target = np.eye(2, dtype=np.uint8)[[0, 1]]
    with writing(path, description) as writer:
        for patient in range(4):
            split = "train" if patient < 3 else "validation"
            rows = BeatRows(np.full(2, -1), target, np.zeros((2, 0), np.float32))
            writer.add(f"r{patient}", f"p{patient}", split, np.zeros((5000, 12)), rows)
        writer.finish({f"p{patient}": patient % 2 for patient in range(4)})
    side = open_dataset(path).sides()[0]
    with pytest.raises(
        BadInput, match="not centred on a beat: mixing them would average signals out of phase"
    ):
        build_sampler({**HP, "window": 10.0, "sampler": "smote", "k_neighbors": 1}, side, 0, 10)
