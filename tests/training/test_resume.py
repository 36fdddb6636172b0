"""A run that was killed and goes on ends as one that was not: same weights, each epoch logged once."""

import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import wandb

from training import tracking
from training.budget import EndWhenAsked, budgets
from training.checkpoint import Checkpoints, forget_old, identity
from training.fit import fit_member
from training.folds import fit_folds
from training.stopping import Terminated
from training.train import main

RANKED = ("N", "S")
SIX = {"epochs": 6, "steps_per_epoch": 4, "patience": 2, "dropout": 0.3, "learning_rate": 0.02}
SMALL = {
    "n_blocks": 2,
    "filters": 4,
    "dense_units": 8,
    "window": 0.4,
    "folds": 2,
    "epochs": 6,
    "steps_per_epoch": 4,
}


def weights(model):
    return [np.asarray(one) for one in model.get_weights()]


def same(ones, others):
    return all(np.array_equal(one, other) for one, other in zip(ones, others, strict=True))


class EndInEpoch(keras.callbacks.Callback):
    """Ends training from outside in the middle of an epoch, as a signal does."""

    def __init__(self, epoch):
        super().__init__()
        self._epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self._epoch and batch == 1:
            raise Terminated


def ended_in(epoch):
    return lambda fold: [EndInEpoch(epoch if fold in (None, 1) else 0)]


def test_a_run_that_ended_in_epoch_3_of_6_goes_on_to_the_same_weights(dataset, tiny, tmp_path):
    hp = tiny(**SIX, sampler="class_aware")
    whole, rows = [], []
    expected = fit_member(hp, dataset, RANKED, whole.append, guards=ended_in(0))

    def attempt(epoch):
        checkpoints = Checkpoints(tmp_path, "run")
        checkpoints.load()
        return fit_member(hp, dataset, RANKED, rows.append, None, checkpoints, ended_in(epoch))

    with pytest.raises(Terminated):
        attempt(3)
    resumed = attempt(0)

    assert same(weights(resumed.model), weights(expected.model))
    assert np.array_equal(resumed.logits, expected.logits)
    assert (resumed.epoch_best, resumed.best) == (expected.epoch_best, expected.best)
    times = ("time/samples_per_second",)
    assert [{k: v for k, v in row.items() if k not in times} for row in rows] == [
        {k: v for k, v in row.items() if k not in times} for row in whole
    ]


def test_a_run_goes_on_under_other_limits(dataset, tiny, tmp_path):
    hp = tiny(**{**SIX, "epochs": 3, "patience": 9})
    rows = []

    def attempt(epoch, **limits):
        checkpoints = Checkpoints(tmp_path, "run")
        checkpoints.load()
        guards = [EndInEpoch(epoch), *budgets({**hp, **limits}, None, checkpoints.seconds)]
        return fit_member(hp, dataset, RANKED, rows.append, None, checkpoints, lambda fold: guards)

    with pytest.raises(Terminated):
        attempt(2, max_memory_gb=1000.0)
    with pytest.raises(Terminated):
        attempt(3, max_minutes=60.0, max_memory_gb=1000.0)
    attempt(0)
    assert [row["epoch"] for row in rows] == [1, 2, 3]


def test_a_finished_fold_is_not_trained_again_and_a_run_that_only_had_to_conclude_does(
    dataset, tiny, tmp_path
):
    hp = tiny(**{**SIX, "folds": 2, "epochs": 3})
    expected = fit_folds(hp, dataset, RANKED, lambda row: None, guards=ended_in(0))
    rows = []

    def attempt(epoch):
        checkpoints = Checkpoints(tmp_path, "run")
        checkpoints.load()
        rows.clear()
        return fit_folds(hp, dataset, RANKED, rows.append, checkpoints, ended_in(epoch))

    with pytest.raises(Terminated):
        attempt(2)
    resumed = attempt(0)
    assert [(row["fold"], row.get("epoch")) for row in rows] == [(1, 2), (1, 3), (1, None)]
    again = attempt(0)
    assert rows == []

    for members in (resumed, again):
        for one, other in zip(members, expected, strict=True):
            assert same(weights(one.model), weights(other.model))
            assert one.best == other.best and one.epoch_best == other.epoch_best
            assert np.array_equal(one.logits, other.logits)


def test_a_checkpoint_of_other_hyperparameters_or_data_or_half_of_one_is_not_taken_up(tmp_path, tiny):
    kept = Checkpoints(tmp_path, identity(tiny(), "digest"))
    kept.rows.append({"epoch": 1})
    kept.save_epoch(None, 1, {"over": False, "model": [np.ones(2)], "optimizer": [], "callbacks": {}})

    def found(hp, digest="digest"):
        return Checkpoints(tmp_path, identity(hp, digest)).load()

    assert found(tiny()) and found(tiny(data="moved.h5", max_minutes=1.0))
    assert not found(tiny(seed=1)) and not found(tiny(), "other")
    (file,) = (tmp_path / "checkpoint").iterdir()
    file.write_bytes(file.read_bytes()[:-40])
    assert not found(tiny())


def test_every_second_epoch_is_kept_and_the_last(dataset, tiny, tmp_path):
    kept = []
    checkpoints = Checkpoints(tmp_path, "run", 2, lambda path: kept.append((path.name, path.stat().st_size)))

    fit_member(
        tiny(**{**SIX, "epochs": 5, "patience": 9}), dataset, RANKED, lambda row: None, None, checkpoints
    )

    assert checkpoints.load() and checkpoints.epoch(None)["epoch"] == 5
    assert checkpoints.epoch(None)["over"]
    # What is shared is the last three, by turns.
    assert [name for name, _ in kept] == ["epoch-0.npz", "epoch-1.npz", "epoch-2.npz"]


def test_checkpoints_that_nobody_went_on_with_are_removed_after_two_weeks_and_nothing_else(tmp_path):
    now = time.time()
    # Days since the run began, and since it has last written.
    for name, began, written in (("old", 16, 15), ("young", 13, 13), ("long", 30, 1)):
        Checkpoints(tmp_path / name).save_epoch(None, 1, {})
        for path, days in ((tmp_path / name / "checkpoint", written), (tmp_path / name, began)):
            os.utime(path, (now - days * 86400,) * 2)
    for path in (tmp_path / "thesis" / "chapter.tex", tmp_path / "torch" / "checkpoint" / "weights.pt"):
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    for name in ("thesis", "torch", "torch/checkpoint"):
        os.utime(tmp_path / name, (0, 0))

    forget_old(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"young", "long", "thesis", "torch"}
    assert len(list(tmp_path.rglob("*.*"))) == 4


def test_training_ends_after_the_step_in_which_it_is_asked_to(dataset, tiny):
    steps = []

    def asked():
        steps.append(1)
        return len(steps) == 3

    with pytest.raises(Terminated):
        fit_member(tiny(), dataset, RANKED, lambda row: None, guards=lambda fold: [EndWhenAsked(asked)])
    assert len(steps) == 3


PLUGIN = """
import os, signal
from training import tracking
from training.checkpoint import Keeper

def begin(self, epoch, logs=None):
    self._place = (self.fold, epoch + 1)

def end_of_step(self, step, logs=None):
    if self._place == (1, 3) and step == 1:
        os.kill(os.getpid(), signal.SIGKILL)

Keeper.on_epoch_begin, Keeper.on_train_batch_end = begin, end_of_step
"""


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """An empty working folder, and runs that go nowhere but can be named again."""
    for name in [name for name in os.environ if name.startswith(("WANDB_", "RAREBEAT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setenv("RAREBEAT_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    # The client reads the environment once a process, unless it is told that all is over.
    wandb.teardown()
    return tmp_path


def test_a_process_killed_in_epoch_3_of_6_of_a_fold_goes_on_to_the_same_weights(
    alone, dataset_file, monkeypatch, capsys
):
    def options(out):
        pairs = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]
        return ["--data", str(dataset_file), "--out", out, *pairs]

    def model(out):
        return weights(keras.models.load_model(alone / out / "model.keras", compile=False))

    (alone / "ends_itself.py").write_text(PLUGIN)
    path = os.pathsep.join(filter(None, [str(alone), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("WANDB_RUN_ID", "killed")
    command = [sys.executable, "-m", "training.train", *options("resumed")]
    plugged = {**os.environ, "RAREBEAT_PLUGINS": "ends_itself", "PYTHONPATH": path}
    assert subprocess.run(command, env=plugged, capture_output=True).returncode == -signal.SIGKILL

    assert main(options("resumed")) == 0
    said = capsys.readouterr().out
    assert "This run goes on from epoch 2 of fold 1." in said
    assert "fold 0  epoch" not in said and "fold 1  epoch 2 " not in said
    assert not (alone / "kept" / "killed").exists()
    monkeypatch.setenv("WANDB_RUN_ID", "whole")
    assert main(options("whole")) == 0
    assert same(model("resumed"), model("whole"))


def test_checkpoints_are_there_until_the_client_has_sent_everything(alone, dataset_file, monkeypatch):
    monkeypatch.setenv("WANDB_RUN_ID", "sent")
    open_run, there = tracking.open_run, []

    def open_and_look_at_the_end(overrides):
        run = open_run(overrides)
        finish = run.finish

        def look_then_finish(**options):
            there.extend((alone / "kept" / "sent" / "checkpoint").glob("*.npz"))
            finish(**options)

        run.finish = look_then_finish
        return run

    monkeypatch.setattr(tracking, "open_run", open_and_look_at_the_end)
    small = {**SMALL, "folds": 0, "epochs": 1}
    options = [part for name, value in small.items() for part in ("--set", f"{name}={value}")]

    assert main(["--data", str(dataset_file), *options]) == 0
    assert there and not (alone / "kept" / "sent").exists()


def test_on_sigterm_it_says_so_keeps_its_checkpoint_and_ends_with_143(
    alone, dataset_file, monkeypatch, capsys
):
    monkeypatch.setenv("WANDB_RUN_ID", "asked")
    log = tracking.History.log

    def log_then_ask(history, row):
        log(history, row)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(tracking.History, "log", log_then_ask)
    before = signal.getsignal(signal.SIGTERM)
    options = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]

    # As a shell shows it. `end_process` dies by the signal: to `wandb agent` that is no failure.
    assert main(["--data", str(dataset_file), *options]) == 143
    said = capsys.readouterr().err
    # Behind what the client may say of runs that this process had before.
    assert said.endswith("Asked to end (SIGTERM): the run goes on from its last checkpoint.\n")
    assert list((alone / "kept" / "asked" / "checkpoint").iterdir())
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("code", [143, 130, 1, 0])
def test_the_process_dies_by_the_signal_that_its_code_stands_for(code):
    done = subprocess.run(
        [sys.executable, "-c", f"from training.stopping import end_process; exit(end_process({code}))"]
    )

    assert done.returncode == {143: -signal.SIGTERM, 130: -signal.SIGINT}.get(code, code)
