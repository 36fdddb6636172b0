"""No leak by construction: what fits or resamples takes a training side, and every door checks that it is.

That unknown labels reach no loss is held for every loss in contracts/test_losses.py.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.layout import UNKNOWN
from data_utils.preparation import fit_preparation
from data_utils.samplers import SAMPLERS, build_sampler
from data_utils.simulate import simulate
from training.metrics import evaluate

ROOT = Path(__file__).parents[1]
# What a function could fit or resample on that is not one side of a split.
WHOLE = {"Dataset", "Rows", "Recordings"}


def public_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every public function of data_utils and training, with the path of its module."""
    for folder in ("data_utils", "training"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield str(file.relative_to(ROOT)), node


def annotations(function: ast.FunctionDef) -> dict[str, set[str]]:
    """Names in each argument's annotation."""
    arguments = [*function.args.args, *function.args.kwonlyargs]
    return {
        each.arg: {node.id for node in ast.walk(each.annotation) if isinstance(node, ast.Name)}
        for each in arguments
        if each.annotation is not None
    }


FITTERS = [
    (file, function)
    for file, function in public_functions()
    if file.startswith("data_utils") and ("samplers" in file or function.name.startswith("fit"))
]


@pytest.mark.parametrize(("file", "function"), FITTERS, ids=[f"{f}:{n.name}" for f, n in FITTERS])
def test_what_fits_or_resamples_is_given_no_whole_dataset(file: str, function: ast.FunctionDef) -> None:
    for argument, names in annotations(function).items():
        assert not names & WHOLE, f"{file}: {function.name}({argument}) could fit before a split"
        assert "Side" not in names or argument == "train", (
            f"{file}: {function.name}({argument}) is no training side"
        )


def test_the_doors_are_among_what_is_looked_at() -> None:
    assert {"fit_preparation", "build_sampler", "oversample"} <= {function.name for _, function in FITTERS}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("leak") / "beats.h5"
    simulate(path, 12, 1.0)
    return path


@pytest.fixture(scope="module")
def dataset(path: Path) -> Dataset:
    return open_dataset(path)


@pytest.mark.parametrize("role", ["validation", "test"])
@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_no_sampler_resamples_another_side(path: Path, dataset: Dataset, name: str, role: str) -> None:
    sealed = open_dataset(path.with_suffix(".test.h5"))
    side = dataset.sides()[1] if role == "validation" else sealed.test()
    with pytest.raises(ValueError, match=f"this is the {role} side"):
        build_sampler({"sampler": name}, side, 1, 8)


@pytest.mark.parametrize("role", ["validation", "test"])
def test_no_preparation_is_fitted_on_another_side(path: Path, dataset: Dataset, role: str) -> None:
    sealed = open_dataset(path.with_suffix(".test.h5"))
    side = dataset.sides()[1] if role == "validation" else sealed.test()
    with pytest.raises(ValueError, match=f"this is the {role} side"):
        fit_preparation(side, 0.8)


def test_what_validates_cannot_move_what_is_fitted_or_drawn(
    path: Path, dataset: Dataset, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.h5"
    shutil.copy(path, changed)
    train, validation = dataset.sides()
    with h5py.File(changed, "r+") as file:
        for row in validation.rows:
            file["row/covariates"][row] = 1e6
            file["row/target"][row] = [0, 0, 0, 1]
        for recording in np.unique(dataset.rows.recording[validation.rows]):
            first = dataset.recordings.first[recording]
            file["samples"][first : first + dataset.recordings.length[recording]] = 100.0
    other = open_dataset(changed).sides()[0]
    assert fit_preparation(other, 0.8) == fit_preparation(train, 0.8)
    for name in ("sqrt", "class_aware", "oversample", "smote"):
        drawn = [
            build_sampler({"sampler": name}, side, 2, 50).epoch(np.random.default_rng(0)).rows
            for side in (train, other)
        ]
        assert np.array_equal(*drawn), name


@pytest.mark.parametrize("folds", [0, 2, 3, 6])
def test_no_patient_is_on_both_sides(dataset: Dataset, folds: int) -> None:
    for fold in range(folds) or [None]:
        train, validation = dataset.sides(folds, fold)
        assert not set(train.groups) & set(validation.groups)


@pytest.mark.parametrize("column", ["split", "fold"])
def test_a_patient_planted_on_two_sides_is_refused(path: Path, tmp_path: Path, column: str) -> None:
    planted = tmp_path / "planted.h5"
    shutil.copy(path, planted)
    with h5py.File(planted, "r+") as file:
        patient = file["row/recording"][:] == file["row/recording"][0]
        one = int(np.flatnonzero(patient)[3])
        file[f"row/{column}"][one] = 1 - min(1, int(file[f"row/{column}"][one]))
    with pytest.raises(BadInput, match=f"a patient is on two sides of a {column}"):
        open_dataset(planted)


@given(seed=st.integers(0, 2**32 - 1), link=st.sampled_from(["sigmoid", "softmax"]))
@settings(max_examples=25, deadline=None)
def test_unknown_labels_reach_no_metric(seed: int, link: str) -> None:
    """Whatever the model says about a row of unknown labels, and whether it is there at all."""
    rng = np.random.default_rng(seed)
    classes, size, unknown = ("A", "B", "C"), 300, 40
    truth = np.eye(3, dtype=np.uint8)[rng.integers(0, 3, size)]
    logits = rng.normal(size=(size + unknown, 3))
    targets = np.vstack([truth, np.full((unknown, 3), UNKNOWN, np.uint8)])
    task = "multilabel" if link == "sigmoid" else "multiclass"
    without = evaluate(truth, logits[:size], classes, classes, link, task)
    assert evaluate(targets, logits, classes, classes, link, task) == pytest.approx(without)
