"""Training on MIT-BIH over patient folds. Takes the recordings from ECG_DATA (a folder with mitdb/)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data_utils.dataset import open_dataset
from data_utils.sources import mitdb
from training.folds import fit_folds, ranked_classes, validation_sides
from training.hyperparameters import resolve
from training.outcome import conclude
from training.predictions import pool

FOLDER = Path(os.environ.get("ECG_DATA", "")) / "mitdb"
pytestmark = [
    pytest.mark.skipif(
        "ECG_DATA" not in os.environ or not FOLDER.is_dir(), reason="ECG_DATA names no folder with mitdb/"
    ),
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:wfdb\."),
]


def test_rare_beats_of_unseen_patients_are_found_at_four_times_their_prevalence(tmp_path):
    mitdb.build(FOLDER, tmp_path / "mitdb.h5")
    dataset = open_dataset(tmp_path / "mitdb.h5")
    hp = resolve({"folds": 3, "epochs": 2, "steps_per_epoch": 60, "sampler": "sqrt"})
    ranked, enough = ranked_classes(validation_sides(hp, dataset), dataset.classes)

    members = fit_folds(hp, dataset, ranked, lambda row: None)
    predictions = pool(dataset, members)
    outcome = conclude(predictions, members, ranked, hp["link"], dataset.task)

    # Nearly all F is in one patient, so no fold but one could rank it.
    assert (ranked, enough) == (["N", "S", "V"], True)
    for name in ("S", "V"):
        prevalence = (predictions.target[:, dataset.classes.index(name)] == 1).mean()
        assert outcome.metrics[f"auprc/{name}"] >= 4 * prevalence
