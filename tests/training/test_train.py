"""A run from its command line: alone, with bad input, and against a backend."""

import json
import os
import subprocess
import sys
import uuid

import keras
import numpy as np
import pytest
import wandb

from data_utils.dataset import open_dataset
from training.card import read_card
from training.train import main, read_overrides

SMALL = ["n_blocks=2", "filters=4", "dense_units=8", "window=0.4", "epochs=2", "steps_per_epoch=5"]


def options(*pairs):
    return [part for pair in (*SMALL, *pairs) for part in ("--set", pair)]


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """An empty working folder, and no backend."""
    for name in [name for name in os.environ if name.startswith(("WANDB_", "RAREBEAT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    wandb.teardown()
    yield tmp_path / "work"
    wandb.teardown()


def test_alone_it_says_so_and_leaves_a_model_that_keras_loads(alone, dataset_file, capsys):
    assert main(["--data", str(dataset_file), *options("loss=focal", "link=sigmoid")]) == 0

    said = capsys.readouterr().out
    assert "this run trains alone and sends nothing" in said
    assert "SIMULATED" in said
    (folder,) = (alone / "runs").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "model.keras", "predictions.npz"]
    card = read_card(folder)
    assert card["link"] == "sigmoid"
    assert "weight_power" in card["inactive"] and "gamma" not in card["inactive"]
    assert card["dataset"]["digest"] == open_dataset(dataset_file).digest
    assert card["run"]["server"] == "none"
    assert keras.models.load_model(folder / "model.keras").output_shape == (None, 4)


def test_with_folds_the_model_is_their_mean_and_every_row_is_predicted(alone, dataset_file):
    assert main(["--data", str(dataset_file), "--out", "kept", *options("folds=2")]) == 0

    with np.load(alone / "kept" / "predictions.npz") as predictions:
        assert len(predictions["row"]) == len(open_dataset(dataset_file))
    assert keras.models.load_model(alone / "kept" / "model.keras").name == "ensemble"
    assert not (alone / "runs").exists()


def test_the_data_file_is_the_option_then_the_environment_then_the_configuration(
    alone, dataset_file, monkeypatch, capsys
):
    monkeypatch.setenv("RAREBEAT_DATA", "of-the-environment.h5")

    assert main(["--data", "of-the-option.h5", *options("data=of-the-configuration.h5")]) == 2
    assert "of-the-option.h5" in capsys.readouterr().err
    assert main(options("data=of-the-configuration.h5")) == 2
    assert "of-the-environment.h5" in capsys.readouterr().err
    monkeypatch.delenv("RAREBEAT_DATA")
    assert main(options("data=of-the-configuration.h5")) == 2
    assert "of-the-configuration.h5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "loss=focall"], "loss is 'focall', which is not one of ce, focal, asymmetric"),
        (["--set", "lerning_rate=1.0e-3"], "did you mean 'learning_rate'?"),
        (["--set", "learning_rate=1e-4"], "write 1.0e-4, because YAML reads 1e-4 as text."),
        (["--set", "epochs"], "--set epochs has no value: write --set epochs=VALUE."),
        (["--set", "n_blocks=8", "--set", "window=0.4"], "can be halved 7 times at most"),
        (["--set", "folds=50"], "it has 6 patient folds"),
        (["--data", "missing.h5"], "There is no data file missing.h5"),
        (["--out", "/dev/null/model"], "--out /dev/null/model cannot be written to"),
        (["--out", "/proc/model"], "--out /proc/model cannot be written to"),
    ],
)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_half_written(
    alone, dataset_file, capsys, arguments, sentence
):
    given = arguments if "--data" in arguments else ["--data", str(dataset_file), *arguments]

    assert main(given) == 2

    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
    assert not (alone / "runs").exists()


def test_a_backend_that_does_not_answer_is_one_sentence(alone, dataset_file, capsys, monkeypatch):
    # Port 1 of this machine: refused at once, and tried again for as long as the client is told to.
    for name, value in (("BASE_URL", "http://127.0.0.1:1"), ("API_KEY", "k" * 40), ("INIT_TIMEOUT", "1")):
        monkeypatch.setenv(f"WANDB_{name}", value)

    assert main(["--data", str(dataset_file), *options()]) == 1
    assert "The W&B server does not take this run: " in capsys.readouterr().err


def test_a_card_never_stands_beside_the_model_of_another_run(alone, dataset_file, monkeypatch):
    assert main(["--data", str(dataset_file), "--out", "kept", *options("epochs=1")]) == 0

    def full_disk(model, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        main(["--data", str(dataset_file), "--out", "kept", *options("epochs=1", "seed=1")])
    assert not (alone / "kept" / "card.json").exists()


def test_the_sealed_file_does_not_train(alone, dataset_file, capsys):
    sealed = dataset_file.with_suffix(".test.h5")

    assert main(["--data", str(sealed), *options()]) == 2
    assert "sealed test side" in capsys.readouterr().err


def test_values_are_read_as_yaml_reads_them():
    assert read_overrides(["epochs=2", "dropout=0.5", "covariates=false", "loss=ce", "data=a=b.h5"]) == {
        "epochs": 2,
        "dropout": 0.5,
        "covariates": False,
        "loss": "ce",
        "data": "a=b.h5",
    }


@pytest.fixture(scope="module")
def logged(backend, dataset_file, tmp_path_factory):
    """A run with folds, trained by the command line against the backend, as its client shows it."""
    folder = tmp_path_factory.mktemp("online")
    command = [sys.executable, "-m", "training.train", "--data", str(dataset_file), *options("folds=2")]
    run_id = uuid.uuid4().hex[:8]
    environment = backend.env | {"WANDB_PROJECT": "training-tests", "WANDB_RUN_ID": run_id}
    environment["WANDB_CACHE_DIR"] = str(folder / "cache")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    cached = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    look = (
        "import json, os, wandb\n"
        "run = wandb.Api().run('training-tests/' + os.environ['WANDB_RUN_ID'])\n"
        "[a.download('artifacts/' + a.type) for a in run.logged_artifacts() if a.type != 'run_table']\n"
        "row = lambda r: {k: v for k, v in r.items() if isinstance(v, (int, float))}\n"
        "print(json.dumps({'id': run.id, 'state': run.state, 'config': run.config,\n"
        "    'summary': row(run.summary), 'rows': [row(r) for r in run.scan_history()],\n"
        "    'artifacts': [a.name for a in run.logged_artifacts()]}))\n"
    )
    seen = subprocess.run(
        [sys.executable, "-c", look], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert seen.returncode == 0, seen.stderr
    return json.loads(seen.stdout.splitlines()[-1]) | {"cached": sum(map(_size, cached))}, folder


def _size(path):
    return path.stat().st_size


def test_the_backend_has_a_row_an_epoch_and_the_objective_once_a_fold(logged):
    rows = logged[0]["rows"]

    epochs = [(row["fold"], row["epoch"]) for row in rows if "epoch" in row]
    assert epochs == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert [row["fold"] for row in rows if "best/macro_auprc" in row] == [0, 1]


def test_the_summary_has_the_objective_and_the_pooled_metrics(logged):
    run, folder = logged
    card = read_card(folder / "artifacts" / "model")

    assert run["state"] == "finished"
    assert run["summary"]["best/macro_auprc"] == run["rows"][-2]["best/macro_auprc"]
    for name, value in card["metrics"].items():
        assert run["summary"][f"val/{name}"] == pytest.approx(value)
    assert {"epoch_best", "val/macro_f1_tuned", "val/threshold/V"} <= set(run["summary"])


def test_the_configuration_has_all_hyperparameters_and_the_data(logged):
    config = logged[0]["config"]

    assert config["n_blocks"] == 2 and config["gamma"] == 2.0
    assert {"gamma", "alpha", "weight_power"} <= set(config["inactive"])
    assert config["dataset"]["simulated"] is True
    assert config["dataset"]["classes"] == ["N", "S", "V", "F"]
    assert config["dataset"]["ranked_classes"]


def test_both_artifacts_come_back_whole(logged):
    run, folder = logged

    assert {f"model-{run['id']}:v0", f"predictions-{run['id']}:v0"} <= set(run["artifacts"])
    assert read_card(folder / "artifacts" / "model")["run"]["path"].endswith(f"training-tests/{run['id']}")
    assert keras.models.load_model(folder / "artifacts" / "model" / "model.keras").output_shape == (None, 4)
    with np.load(folder / "artifacts" / "predictions" / "predictions.npz", allow_pickle=False) as file:
        assert set(file) == {"row", "group", "target", "logits", "fold", "split_digest", "classes"}


def test_the_model_is_not_kept_in_the_clients_cache(logged):
    run, folder = logged

    # The tables at the end are: a few kilobytes each.
    assert run["cached"] < (folder / "artifacts" / "model" / "model.keras").stat().st_size
