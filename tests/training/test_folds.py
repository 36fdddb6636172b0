"""A run over patient folds: what it logs, who predicts which row, and the averaged model."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from data_utils.errors import BadInput
from data_utils.loader import Examples
from rarebeat.search import Run
from rarebeat.search.hyperband import to_stop
from training.batches import predict
from training.ensemble import average
from training.folds import fit_folds, mean_best, ranked_classes, validation_sides
from training.predictions import pool, write_predictions

FOLDS = 3


@pytest.fixture(scope="module")
def run(dataset):
    from training.hyperparameters import resolve

    hp = resolve(
        {
            **{"n_blocks": 1, "filters": 4, "dense_units": 8, "window": 0.3, "sampler": "sqrt"},
            **{"epochs": 2, "steps_per_epoch": 8, "learning_rate": 0.02, "folds": FOLDS},
        }
    )
    rows = []
    return fit_folds(hp, dataset, ["N", "S"], rows.append), rows


def test_epochs_count_on_within_a_fold_and_carry_no_bests(run):
    epochs = [row for row in run[1] if "epoch" in row]

    assert [(row["fold"], row["epoch"]) for row in epochs] == [(f, e) for f in range(FOLDS) for e in (1, 2)]
    assert not any(name.startswith("best/") for row in epochs for name in row)


def test_the_objective_is_logged_after_each_fold_as_the_mean_so_far(run):
    members, rows = run
    after = [row for row in rows if "epoch" not in row]
    bests = [member.best["macro_auprc"] for member in members]

    assert [row["fold"] for row in after] == [0, 1, 2]
    for fold, row in enumerate(after):
        assert row["best/macro_auprc"] == pytest.approx(np.mean(bests[: fold + 1]))


def test_a_metric_that_one_fold_lacks_has_no_mean(run):
    members, _ = run
    lacking = replace(members[1], best={"loss": 1.0})

    assert list(mean_best([members[0], lacking])) == ["best/loss"]


def test_every_row_is_predicted_once_by_the_model_that_did_not_train_on_its_patient(run, dataset):
    members, _ = run
    predictions = pool(dataset, members)

    assert predictions.row.tolist() == list(range(len(dataset)))
    assert (predictions.fold == dataset.rows.fold % FOLDS).all()
    for member in members:
        train, validation = dataset.sides(FOLDS, member.fold)
        assert not set(train.groups) & set(validation.groups)
        inside = predictions.fold == member.fold
        assert np.array_equal(predictions.logits[inside], member.logits)
        assert np.array_equal(predictions.group[inside], validation.groups)


def test_the_averaged_model_gives_the_mean_of_the_members_logits(run, dataset, tmp_path):
    members, _ = run
    model, preparation = average(members)
    _, side = dataset.sides()
    expected = np.mean([predict(one.model, Examples(side, one.preparation)) for one in members], axis=0)
    model.save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras")

    assert predict(loaded, Examples(side, preparation)) == pytest.approx(expected, abs=1e-4)


def test_a_single_model_is_saved_without_its_loss(run, tmp_path):
    members, _ = run
    model, preparation = average(members[:1])
    model.save(tmp_path / "model.keras")

    assert preparation == members[0].preparation
    assert not keras.models.load_model(tmp_path / "model.keras").compiled


def test_predictions_are_read_without_pickle(run, dataset, tmp_path):
    predictions = pool(dataset, run[0])

    with np.load(write_predictions(tmp_path, predictions), allow_pickle=False) as file:
        assert file["logits"].dtype == np.float32
        assert file["target"].dtype == np.uint8
        assert file["group"].tolist() == predictions.group.tolist()
        assert str(file["split_digest"]) == predictions.split_digest
        assert tuple(file["classes"]) == dataset.classes


def test_the_split_digest_tells_splits_apart(run, dataset):
    whole, part = pool(dataset, run[0]), pool(dataset, run[0][:2])

    assert len({whole.split_digest, part.split_digest}) == 2
    assert whole.split_digest == pool(dataset, run[0]).split_digest


def test_ranked_classes_qualify_on_every_side(dataset, tiny):
    one, enough = ranked_classes(validation_sides(tiny(), dataset), dataset.classes)
    folds, _ = ranked_classes(validation_sides(tiny(folds=3), dataset), dataset.classes)

    assert one and folds
    for side in validation_sides(tiny(folds=3), dataset):
        for name in folds:
            positive = side.targets[:, dataset.classes.index(name)] == 1
            assert positive.sum() >= (50 if enough else 1)
            assert not positive.all()


def test_more_folds_than_the_file_has_is_bad_input(dataset, tiny):
    with pytest.raises(BadInput, match="it has 6 patient folds"):
        validation_sides(tiny(folds=7), dataset)


def test_a_hopeless_run_over_folds_is_ended_by_the_sweeps_own_early_termination():
    # By hand: one value a fold, so that min_iter 1 looks after the first fold, and of five runs eta 3 keeps
    # the best third. The run under way has .30 after its first fold, where the others had .61 to .80.
    config = {
        **{"method": "random", "metric": {"name": "best/macro_auprc", "goal": "maximize"}},
        "early_terminate": {"type": "hyperband", "min_iter": 1, "eta": 3},
        "parameters": {"learning_rate": {"min": 0.001, "max": 0.1}},
    }
    firsts = {"a": 0.61, "b": 0.70, "c": 0.75, "d": 0.80}
    over = [Run(name, {}, "finished", 0.7, [first, 0.7, 0.7]) for name, first in firsts.items()]

    assert to_stop(config, [*over, Run("hopeless", {}, "running", 0.30, [0.30])]) == ["hopeless"]
    assert to_stop(config, [*over, Run("good", {}, "running", 0.90, [0.90])]) == []
