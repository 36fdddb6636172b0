"""What every sampler keeps, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from data_utils.dataset import Dataset, Side, open_dataset
from data_utils.digest import split_digest
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.samplers import SAMPLERS, build_sampler, hyperparameters
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.recipes import make_batch
from data_utils.write import BeatRows, Description, writing

# Rows of each class in each of three patients, who are the folds; nobody has D. Some rows are not known.
COUNTS = {"A": 300, "B": 30, "C": 10, "D": 0}
UNKNOWN_ROWS = 8
MIXING = ("smote", "borderline_smote", "adasyn")
MULTILABEL = sorted(set(SAMPLERS) - set(MIXING))
# Those that count rows by class, and so pass over rows of which nothing is known.
BY_CLASS = {
    "oversample",
    "oversample_noise",
    "undersample",
    "sqrt",
    "class_aware",
    "progressive",
    "curriculum",
}
BY_CLASS |= set(MIXING)
# One beat in each 0.8 s of a patient.
HP = {"window": 0.8, "scaling": "none", "covariates": True, "folds": 3, "seed": 0}
RATE = 10.0


def _targets(task: str, counts: dict[str, int], unknown: int) -> np.ndarray:
    """One-hot; in multi-label files every row of B has A besides."""
    target = np.repeat(np.eye(len(counts), dtype=np.uint8), list(counts.values()), axis=0)
    if task == "multilabel":
        target[target[:, 1] == 1, 0] = 1
    return np.concatenate([target, np.full((unknown, len(counts)), 255, np.uint8)])


def write(
    path: Path, task: str = "multiclass", counts: dict = COUNTS, unknown: int = UNKNOWN_ROWS
) -> Dataset:
    """Three patients with `counts` rows each: noise whose mean says which class a beat is of."""
    names = tuple(counts)
    description = Description(task, names, names, ("I",), RATE, ("rr",), "test", "none", False, True, {})
    with writing(path, description) as writer:
        for patient in range(3):
            rng = np.random.default_rng(patient)
            target = _targets(task, counts, unknown)
            number = np.argmax(target == 1, axis=1)
            signal = np.repeat(number, 8)[:, None] + rng.normal(0, 0.7, (8 * len(target), 1))
            beats = BeatRows(
                8 * np.arange(len(target)) + 4, target, rng.normal(number, 0.7).astype(np.float32)[:, None]
            )
            writer.add(f"r{patient}", f"p{patient}", "train" if patient < 2 else "validation", signal, beats)
        writer.finish({f"p{patient}": patient for patient in range(3)})
    return open_dataset(path)


def write_predictions(path: Path, dataset: Dataset) -> Path:
    """What a run with three folds could have said: logits by lot."""
    row = np.arange(len(dataset))
    fold = dataset.rows.fold % 3
    logits = np.random.default_rng(5).normal(size=dataset.rows.target.shape)
    np.savez(path, row=row, fold=fold, logits=logits, split_digest=split_digest(dataset.digest, row, fold))
    return path


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Side, dict]]:
    """Task -> training side without the last patient, and hyperparameters that fit it."""
    folder = tmp_path_factory.mktemp("samplers")
    found = {}
    for task in ("multiclass", "multilabel"):
        dataset = write(folder / f"{task}.h5", task)
        earlier = write_predictions(folder / f"{task}.npz", dataset)
        found[task] = (dataset.sides(3, 2)[0], {**HP, "curriculum_from": str(earlier)})
    return found


def drawn(side: Side, hp: dict, name: str, size: int = 1000, seed: int = 0, progress: float = 0.5) -> Drawn:
    sampler = build_sampler({**hp, "sampler": name}, side, size // 100, 100)
    return sampler.epoch(np.random.default_rng(seed), progress)


def parts(recipes: Drawn) -> list:
    every = (recipes.rows, recipes.mates, recipes.lam, recipes.noise)
    return [None if part is None else part.tolist() for part in every]


EVERY = [(name, "multiclass") for name in SAMPLERS] + [(name, "multilabel") for name in MULTILABEL]


@pytest.mark.parametrize(("name", "task"), EVERY)
class TestEverySampler:
    def test_gives_positions_of_training_rows_and_shares(self, sides, name, task) -> None:
        side, hp = sides[task]
        recipes = drawn(side, hp, name, 3000)

        assert recipes.rows.shape == (3000,) and recipes.rows.dtype == np.int64
        for positions in (recipes.rows, recipes.mates):
            assert positions is None or (positions.min() >= 0 and positions.max() < len(side))
        assert (recipes.mates is None) == (recipes.lam is None)
        assert recipes.lam is None or (recipes.lam.dtype == np.float32 and recipes.lam.min() >= 0)
        assert recipes.lam is None or recipes.lam.max() <= 1
        assert recipes.noise is None or (recipes.noise.dtype == np.float32 and recipes.noise.min() >= 0)

    def test_mixes_only_rows_of_one_class(self, sides, name, task) -> None:
        side, hp = sides[task]
        recipes = drawn(side, hp, name, 3000)
        mates = recipes.rows if recipes.mates is None else recipes.mates

        assert np.array_equal(side.targets[recipes.rows], side.targets[mates])

    def test_is_decided_by_the_generator(self, sides, name, task) -> None:
        side, hp = sides[task]

        assert parts(drawn(side, hp, name)) == parts(drawn(side, hp, name))
        assert parts(drawn(side, hp, name)) != parts(drawn(side, hp, name, seed=1))

    def test_no_steps_mean_one_pass(self, sides, name, task) -> None:
        side, hp = sides[task]
        sampler = build_sampler({**hp, "sampler": name}, side, 0, 64)

        assert sampler.steps == -(-sampler.sampler.pass_length // 64)
        assert len(sampler.epoch(np.random.default_rng(0), 0.0)) == sampler.steps * 64

    def test_draws_every_class_that_there_is_and_no_other(self, sides, name, task) -> None:
        side, hp = sides[task]
        for progress in (0.0, 1.0):
            positives = (side.targets[drawn(side, hp, name, 5000, progress=progress).rows] == 1).sum(axis=0)

            assert (positives[:3] > 0).all() and positives[3] == 0

    def test_rows_of_which_nothing_is_known_are_not_drawn_by_class(self, sides, name, task) -> None:
        side, hp = sides[task]
        unknown = (side.targets[drawn(side, hp, name, 5000).rows] == 255).any(axis=1)

        assert unknown.any() == (name not in BY_CLASS)

    def test_resamples_nothing_but_the_training_side(self, sides, name, task) -> None:
        side, hp = sides[task]
        _, validation = side.dataset.sides(3, 2)
        with pytest.raises(ValueError, match="Only the training side"):
            build_sampler({**hp, "sampler": name}, validation, 1, 1)

    def test_its_batches_are_what_the_model_gets_from_rows(self, sides, name, task) -> None:
        side, hp = sides[task]
        examples = Examples(side, fit_preparation(side, 0.8))
        recipes = drawn(side, hp, name, 200)
        plain = examples.batch(recipes.rows)

        made = make_batch(examples, recipes, np.random.default_rng(0))

        assert {k: (v.shape, v.dtype) for k, v in made.items()} == {
            k: (v.shape, v.dtype) for k, v in plain.items()
        }
        assert all(np.isfinite(values).all() for values in made.values())
        as_is = np.ones(200, bool)
        as_is &= True if recipes.lam is None else recipes.lam == 1
        as_is &= True if recipes.noise is None else recipes.noise == 0
        assert as_is.any()
        assert np.array_equal(made["signal"][as_is], plain["signal"][as_is])


# Shares of A, B and C among 600, 60 and 20 known rows: by hand from each sampler's definition.
BY_COUNT, ALIKE = np.array([600, 60, 20]) / 680, np.full(3, 1 / 3)
ROOTS = np.sqrt([600, 60, 20]) / np.sqrt([600, 60, 20]).sum()
# 696 rows of which 680 are known: sqrt(0.1 / (60 / 680)) and sqrt(0.1 / (20 / 680)).
REPEATED = np.array([600, 60 * 1.0646, 20 * 1.8439])
SHARES = {
    "none": (BY_COUNT, BY_COUNT),
    "oversample": (ALIKE, ALIKE),
    "oversample_noise": (ALIKE, ALIKE),
    "undersample": (ALIKE, ALIKE),
    "sqrt": (ROOTS, ROOTS),
    "class_aware": (ALIKE, ALIKE),
    "progressive": (BY_COUNT, ALIKE),
    "repeat_factor": (REPEATED / REPEATED.sum(),) * 2,
    # Imbalances 1, 10 and 30; mean 13.7: C alone is raised until 600 / 13.7 = 43.9 rows, that is 44.
    "ml_ros": (np.array([600, 60, 44]) / 704,) * 2,
    "curriculum": (BY_COUNT, BY_COUNT),
    "smote": (ALIKE, ALIKE),
    "borderline_smote": (ALIKE, ALIKE),
    "adasyn": (ALIKE, ALIKE),
}


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_every_sampler_draws_the_shares_that_its_definition_gives(sides, name) -> None:
    side, hp = sides["multiclass"]
    for progress, shares in zip((0.0, 1.0), SHARES[name], strict=True):
        targets = side.targets[drawn(side, hp, name, 20_000, progress=progress).rows]
        counts = (targets[:, :3] == 1).sum(axis=0)

        assert chisquare(counts, shares * counts.sum()).pvalue > 1e-3, (name, counts / counts.sum())


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_one_row_of_a_class_is_drawn_or_refused_in_a_sentence(tmp_path, name) -> None:
    dataset = write(tmp_path / "x.h5", counts={"A": 40, "B": 20, "C": 1}, unknown=0)
    side, _ = dataset.sides(3, 2)
    # Two patients are left, with one row of C each; a third class of B's size would be enough for k = 5.
    hp = {**HP, "curriculum_from": str(write_predictions(tmp_path / "x.npz", dataset))}
    if name in MIXING:
        with pytest.raises(BadInput, match=r"C has 2 training rows, but .* takes at least 6: lower k_neigh"):
            build_sampler({**hp, "sampler": name}, side, 1, 1)
        return

    assert (side.targets[drawn(side, hp, name, 2000).rows] == 1).any(axis=0).all()


@pytest.mark.parametrize("name", MIXING)
def test_what_mixes_rows_of_one_class_is_refused_where_several_are_true(sides, name) -> None:
    side, hp = sides["multilabel"]
    with pytest.raises(BadInput, match=r"several classes of this file can be true at once: use repeat_fac"):
        build_sampler({**hp, "sampler": name}, side, 1, 1)


def test_every_hyperparameter_of_a_sampler_is_active_for_the_samplers_that_have_it() -> None:
    table = hyperparameters()
    active = {name: declared["active"] for name, declared in table.items() if name != "sampler"}

    assert active == {
        "sampler_target": {"sampler": ["oversample", "oversample_noise", *MIXING, "undersample"]},
        "noise_sigma": {"sampler": ["oversample_noise"]},
        "k_neighbors": {"sampler": list(MIXING)},
        "smote_on": {"sampler": list(MIXING)},
        "repeat_threshold": {"sampler": ["repeat_factor"]},
        "clone_share": {"sampler": ["ml_ros"]},
        "curriculum_from": {"sampler": ["curriculum"]},
        "curriculum_start": {"sampler": ["curriculum"]},
    }
