"""Limits of a run: it ends with what it has, or with a sentence."""

import re
from importlib.metadata import metadata

import numpy as np
import pytest

from training import devices
from training.budget import MemoryBudget, OverBudget, TimeBudget, budgets, resident_bytes
from training.devices import check_device
from training.fit import fit_member

RANKED = ("N", "S")


def test_no_epoch_begins_that_would_not_fit(dataset, tiny, capsys):
    # By hand: 10 s of 60 are gone at each epoch's end, and the longest epoch is said to take 25 s: behind the
    # fourth 40 s + 25 s are more than 60 s.
    clock = iter(range(10, 200, 10))
    budget = TimeBudget(1.0, 1.0, lambda: next(clock))
    budget.longest = 25.0
    rows = []

    fit_member(tiny(epochs=9, patience=9), dataset, RANKED, rows.append, guards=lambda fold: [budget])

    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert capsys.readouterr().out == ("No further epoch fits into max_minutes=1: the best so far is kept.\n")


def test_folds_share_the_time_and_without_limits_nothing_is_watched(tiny):
    def of(fold):
        (budget,) = budgets(tiny(max_minutes=4.0, folds=4), fold, lambda: 0.0)
        return budget._until

    assert [of(fold) for fold in range(4)] == [60.0, 120.0, 180.0, 240.0]
    assert budgets(tiny(), None, lambda: 0.0) == []


def test_too_much_memory_ends_the_run_with_a_sentence(dataset, tiny):
    assert 1e8 < resident_bytes() < 1e11

    guards = budgets(tiny(max_memory_gb=0.01), None, lambda: 0.0)
    assert isinstance(guards[0], MemoryBudget)
    with pytest.raises(OverBudget, match=r"holds \d+\.\d\d GB of memory, and max_memory_gb is 0.01: take"):
        fit_member(tiny(), dataset, RANKED, lambda row: None, guards=lambda fold: guards)


def test_a_gpu_that_keras_does_not_see_is_refused_unless_the_cpu_is_allowed(monkeypatch):
    monkeypatch.setattr(devices, "sees_gpu", lambda: False)
    monkeypatch.setattr(devices, "has_gpu", lambda: True)

    with pytest.raises(devices.BadInput, match=r"has a GPU that Keras .* does not see: "):
        check_device({})
    with pytest.raises(devices.BadInput, match="does not see"):
        check_device({"CUDA_VISIBLE_DEVICES": "0"})
    check_device({"RAREBEAT_ALLOW_CPU": "1"})
    # Whoever hides the GPUs from runs has asked for the processor as well.
    check_device({"CUDA_VISIBLE_DEVICES": ""})
    check_device({"CUDA_VISIBLE_DEVICES": "-1"})
    monkeypatch.setattr(devices, "has_gpu", lambda: False)
    check_device({})


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_what_pip_is_told_to_install_for_a_gpu_exists(monkeypatch, backend):
    monkeypatch.setattr(devices, "sees_gpu", lambda: False)
    monkeypatch.setattr(devices, "has_gpu", lambda: True)
    monkeypatch.setattr(devices.keras.backend, "backend", lambda: backend)
    with pytest.raises(devices.BadInput) as refused:
        check_device({})
    package, extra = re.search(r"pip install '(\w+)\[(\w+)\]'", str(refused.value)).groups()
    assert extra in metadata(package).get_all("Provides-Extra")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_bit_by_bit(dataset, tiny):
    check_device({"RAREBEAT_ALLOW_CPU": "1"})

    def weights():
        hp = tiny(dropout=0.3, sampler="sqrt")
        return fit_member(hp, dataset, RANKED, lambda row: None).model.get_weights()

    assert all(np.array_equal(one, other) for one, other in zip(weights(), weights(), strict=True))
