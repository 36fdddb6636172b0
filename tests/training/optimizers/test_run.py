"""What a run of training sees of averaged weights, a plateau and half precision."""

import keras
import numpy as np
import pytest

from data_utils.errors import BadInput
from models import Spec, build_model
from training.batches import predict
from training.checkpoint import Checkpoints
from training.fit import fit_member
from training.optimizers import averaging, in_float32, plateau, precision


def fitted(hp, dataset, checkpoints=None):
    rows = []
    return fit_member(hp, dataset, ["S", "V"], rows.append, checkpoints=checkpoints), rows


def test_the_kept_model_says_what_was_validated_with_averaged_weights(tiny, dataset):
    from data_utils.loader import Examples

    member, _ = fitted(tiny(ema=0.5, epochs=3), dataset)

    again = predict(member.model, Examples(member.validation, member.preparation))
    assert again == pytest.approx(member.logits, abs=1e-5)


def test_averaged_weights_differ_from_the_last_and_training_goes_on_from_the_last(tiny, dataset):
    plain, rows = fitted(tiny(epochs=2), dataset)
    averaged, smooth = fitted(tiny(epochs=2, ema=0.9), dataset)

    # The same steps were taken: the training loss is that of the weights, not of their average.
    assert [row["train/loss"] for row in smooth] == [row["train/loss"] for row in rows]
    assert np.abs(averaged.logits - plain.logits).max() > 1e-3


def test_a_run_with_averaged_weights_is_resumed_to_the_same_end(tiny, dataset, tmp_path):
    hp = tiny(ema=0.9, epochs=4, patience=10)
    straight, _ = fitted(hp, dataset)

    class Interrupted(Exception):
        pass

    def stop(row):
        if row["epoch"] == 3:
            raise Interrupted

    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        fit_member(hp, dataset, ["S", "V"], stop, checkpoints=Checkpoints(folder))
    kept = Checkpoints(folder)
    assert kept.load()
    resumed, _ = fitted(hp, dataset, kept)

    for one, other in zip(straight.model.get_weights(), resumed.model.get_weights(), strict=True):
        assert (one == other).all()


def test_the_rate_drops_when_validation_stops_getting_better():
    hp = {"schedule": "plateau", "plateau_factor": 0.5, "plateau_patience": 2, "learning_rate": 0.1}
    (callback,) = plateau(hp)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    callback.set_model(model)
    callback.on_train_begin()

    rates = []
    for epoch, value in enumerate([0.5, 0.6, 0.6, 0.55, 0.7, 0.1, 0.2]):
        callback.on_epoch_end(epoch, {"val/macro_auprc": value})
        rates.append(float(model.optimizer.learning_rate))

    # Two epochs without more than 0.6, then two without more than 0.7.
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025])


def test_a_run_on_a_plateau_trains(tiny, dataset):
    _, rows = fitted(tiny(schedule="plateau", optimizer="radam"), dataset)

    assert len(rows) == 2


def test_what_is_not_asked_for_is_not_there(tiny):
    assert averaging(tiny()) == plateau(tiny()) == []


def test_mixed_precision_is_refused_without_a_gpu(tiny, dataset):
    with pytest.raises(BadInput, match="mixed_precision is true, but Keras sees no GPU"):
        fitted(tiny(mixed_precision=True), dataset)


def test_a_model_in_half_precision_is_kept_in_full(monkeypatch):
    monkeypatch.setattr("training.devices.sees_gpu", lambda: True)
    inputs = keras.Input((8, 1), name="signal")
    with precision({"mixed_precision": True}):
        x = keras.layers.Conv1D(4, 3)(inputs)
        x = keras.layers.GlobalAveragePooling1D()(x)
        model = keras.Model({"signal": inputs}, keras.layers.Dense(2, dtype="float32", name="logits")(x))
    batch = {"signal": np.random.default_rng(0).normal(0, 1, (4, 8, 1)).astype("float32")}

    full = in_float32(model)

    assert model.layers[1].compute_dtype == "bfloat16" and full.layers[1].compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert np.asarray(full(batch)) == pytest.approx(np.asarray(model(batch)), abs=0.02)
    assert list(full.input) == ["signal"]


@pytest.mark.parametrize(
    ("network", "length"), [({"model": "cnn_attention"}, None), ({"model": "rnn", "bidirectional": True}, 32)]
)
def test_operations_and_layers_in_layers_are_kept_in_full_too(monkeypatch, network, length):
    monkeypatch.setattr("training.devices.sees_gpu", lambda: True)
    with precision({"mixed_precision": True}):
        model = build_model({**network, "n_blocks": 1, "filters": 4}, Spec(length, 1, 0, 3, "multiclass"))
    batch = {"signal": np.random.default_rng(0).normal(0, 1, (4, 32, 1)).astype("float32")}
    batch |= {"mask": np.ones((4, 32), "float32")} if length is None else {}

    full = in_float32(model)

    parts = [one for layer in full.layers for one in (layer, getattr(layer, "forward_layer", layer))]
    assert {part.compute_dtype for part in parts if isinstance(part, keras.layers.Layer)} == {"float32"}
    assert np.asarray(full(batch)) == pytest.approx(np.asarray(model(batch)), abs=0.02)
