"""One fitted model: what it logs, that it repeats itself, and whose weights it ends with."""

import math

import keras
import numpy as np
import pytest

from data_utils.errors import BadInput
from data_utils.loader import Examples
from models.registry import BUILDERS, Builder
from training.batches import TrainingBatches, predict
from training.card import MODEL
from training.ensemble import average
from training.epoch_log import LossNotFinite, running_best
from training.fit import fit_member
from training.losses import ClassCounts
from training.losses.class_balanced import balanced_weights
from training.losses.masked import MaskedLoss
from training.network import read_network

RANKED = ("N", "S")


@pytest.fixture(scope="module")
def fitted(dataset):
    from training.hyperparameters import resolve

    hp = resolve(
        {
            **{"n_blocks": 2, "filters": 4, "dense_units": 8, "window": 0.4, "sampler": "sqrt"},
            **{"epochs": 4, "steps_per_epoch": 8, "learning_rate": 0.02},
        }
    )
    rows = []
    return fit_member(hp, dataset, RANKED, rows.append), rows, hp


def test_one_row_an_epoch_with_everything_that_a_run_promises(fitted):
    _, rows, _ = fitted
    validated = ["loss", "macro_auprc", "macro_auroc", "macro_f1"]
    validated += [f"{m}/{c}" for m in ("precision", "recall", "f1", "auprc", "auroc") for c in "NSV"]

    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    for row in rows:
        assert {f"val/{name}" for name in validated} <= set(row)
        assert {f"best/{name}" for name in validated} <= set(row)
        assert {"train/loss", "time/samples_per_second"} <= set(row)
        assert all(math.isfinite(value) for value in row.values())


def test_macro_is_the_mean_of_the_ranked_classes(fitted):
    for row in fitted[1]:
        assert row["val/macro_auprc"] == pytest.approx((row["val/auprc/N"] + row["val/auprc/S"]) / 2)


def test_a_step_is_traced_once_however_many_epochs_there_are(dataset, tiny, monkeypatch):
    step, traced = keras.Model.train_step, []
    monkeypatch.setattr(keras.Model, "train_step", lambda *given: traced.append(1) or step(*given))

    fit_member(tiny(), dataset, RANKED, lambda row: None)

    assert len(traced) == 1


@keras.saving.register_keras_serializable(package="plug-in")
class Unbuilt(keras.Model):
    def __init__(self, classes: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.flatten, self.logits = keras.layers.Flatten(), keras.layers.Dense(classes, name="logits")

    def call(self, inputs):
        return self.logits(self.flatten(inputs["signal"]))

    def get_config(self):
        return {**super().get_config(), "classes": self.logits.units}


def test_a_plug_ins_class_of_model_that_has_no_weights_yet_is_trained_kept_and_read(
    dataset, tiny, monkeypatch, tmp_path
):
    monkeypatch.setitem(BUILDERS, "cnn", Builder(lambda hp, spec: Unbuilt(spec.classes), {}))
    rows = []

    member = fit_member(tiny(), dataset, RANKED, rows.append)
    average([member])[0].save(tmp_path / MODEL)

    assert rows[1]["train/loss"] < rows[0]["train/loss"]
    read = predict(read_network(tmp_path), Examples(member.validation, member.preparation))
    assert read == pytest.approx(member.logits, abs=1e-5)


def test_best_is_the_running_best_of_every_metric(fitted):
    rows = fitted[1]
    for name in (name.removeprefix("val/") for name in rows[0] if name.startswith("val/")):
        best = min if name == "loss" else max
        for epoch in range(len(rows)):
            seen = [row[f"val/{name}"] for row in rows[: epoch + 1] if f"val/{name}" in row]
            assert rows[epoch][f"best/{name}"] == best(seen)


def test_the_weights_and_logits_are_those_of_the_best_epoch(fitted, dataset):
    member, rows, _ = fitted
    objective = [row["val/macro_auprc"] for row in rows]

    assert member.epoch_best == 1 + int(np.argmax(objective))
    assert member.metrics["macro_auprc"] == max(objective) == member.best["macro_auprc"]
    assert predict(member.model, Examples(member.validation, member.preparation)) == pytest.approx(
        member.logits, abs=1e-5
    )


def test_the_prior_is_corrected_from_what_the_kept_epoch_has_seen(dataset, tiny):
    # As in the data at first, every class alike at the end.
    hp = tiny(sampler="progressive", steps_per_epoch=40, epochs=2, patience=2)
    member = fit_member(hp, dataset, RANKED, lambda row: None)

    share = (dataset.sides()[0].targets == 1).mean(axis=0)
    expected = {1: 0.0, 2: np.log(share / 0.25)}[member.epoch_best]
    assert member.prior_shift == pytest.approx(expected, abs=0.2)


def test_weights_that_set_in_late_are_corrected_where_the_kept_epoch_has_them(dataset, tiny, capsys):
    late = {"drw_start": 0.5, "beta": 0.999, "steps_per_epoch": 40, "epochs": 2, "patience": 2}
    hp = tiny(loss="ldam_drw", prior_correction=True, **late)
    member = fit_member(hp, dataset, RANKED, lambda row: None)

    assert "but not what else ldam_drw does to how common a class looks" in capsys.readouterr().out

    counts = ClassCounts.of(dataset.sides()[0].targets)
    weights = {1: np.ones(4), 2: balanced_weights(counts, 0.999, "softmax")[0]}[member.epoch_best]
    # Under softmax only differences count; the last batch is filled with some rows once more.
    shift = member.prior_shift - member.prior_shift[0]
    assert shift == pytest.approx(np.log(weights[0] / weights), abs=0.1)


def test_the_same_seed_gives_the_same_run(fitted, dataset):
    _, rows, hp = fitted
    again = []

    fit_member(hp, dataset, RANKED, again.append)

    for one, other in zip(rows, again, strict=True):
        assert one["train/loss"] == pytest.approx(other["train/loss"], rel=1e-4)
        assert one["val/macro_auprc"] == pytest.approx(other["val/macro_auprc"], rel=1e-3)


def test_an_epochs_batches_come_in_the_samplers_order(dataset, tiny, monkeypatch):
    fetched = []
    fetch = TrainingBatches.__getitem__
    monkeypatch.setattr(
        TrainingBatches, "__getitem__", lambda self, step: (fetched.append(step), fetch(self, step))[1]
    )

    fit_member(tiny(epochs=2, steps_per_epoch=9), dataset, RANKED, lambda row: None)

    # Keras looks at the first batches before the first epoch, for their shapes.
    assert fetched[-18:] == [*range(9), *range(9)]


def test_training_stops_when_the_objective_no_longer_improves(dataset, tiny):
    rows = []

    # A rate of nearly nothing: no epoch is better than the first, but for rounding.
    hp = tiny(epochs=20, steps_per_epoch=1, learning_rate=1e-7, patience=2, dropout=0.0, weight_decay=0.0)
    fit_member(hp, dataset, ("N",), rows.append)

    assert len(rows) < 20


def test_a_loss_that_is_not_finite_ends_the_run_with_a_sentence(dataset, tiny, monkeypatch):
    diverging = MaskedLoss(lambda y, z: math.inf * z[:, 0] ** 2, "softmax", "diverging")
    monkeypatch.setattr("training.fit.build_loss", lambda hp, counts: diverging)

    with pytest.raises(LossNotFinite, match=r"became \w+ in epoch 1: take a learning_rate below 0\.002"):
        fit_member(tiny(), dataset, RANKED, lambda row: None)


def test_a_network_too_deep_for_the_window_is_bad_input(dataset, tiny):
    with pytest.raises(BadInput, match="n_blocks is 8, but a window of 144 samples can be halved 7 times"):
        fit_member(tiny(n_blocks=8), dataset, RANKED, lambda row: None)


def test_without_covariates_the_model_has_no_such_input(dataset, tiny):
    member = fit_member(tiny(covariates=False, epochs=1), dataset, RANKED, lambda row: None)

    assert list(member.model.input) == ["signal"]


def test_running_best_by_hand():
    best = running_best({}, {"loss": 0.5, "f1/V": 0.2})

    assert running_best(best, {"loss": 0.7, "f1/V": 0.6, "f1/S": 0.1}) == {
        **{"loss": 0.5, "f1/V": 0.6, "f1/S": 0.1}
    }
