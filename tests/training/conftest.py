"""A small simulated data set, and the hyperparameters of a network that trains on it in a second."""

from pathlib import Path

import pytest

from data_utils.dataset import open_dataset
from data_utils.simulate import simulate
from training.hyperparameters import resolve

TINY = {"n_blocks": 2, "filters": 4, "dense_units": 8, "window": 0.4, "epochs": 2, "steps_per_epoch": 5}


@pytest.fixture(scope="session")
def dataset_file(tmp_path_factory) -> Path:
    """Twelve patients of two minutes; `beats.test.h5` lies beside it."""
    path = tmp_path_factory.mktemp("data") / "beats.h5"
    simulate(path, patients=12, minutes=2.0, seed=2)
    return path


@pytest.fixture(scope="session")
def dataset(dataset_file):
    return open_dataset(dataset_file)


@pytest.fixture
def tiny():
    """Makes resolved hyperparameters of the small network: `tiny(loss="focal")`."""
    return lambda **values: resolve({**TINY, **values})
