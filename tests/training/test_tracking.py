"""Whether there is a backend, and what of the configuration are hyperparameters."""

import numpy as np
import pytest

from training.tracking import plain, why_alone

URL = "http://127.0.0.1:8765"


@pytest.mark.parametrize("name", ["WANDB_SWEEP_ID", "WANDB_API_KEY", "WANDB_MODE"])
def test_a_sweep_a_key_or_a_mode_means_that_there_is_one(name):
    assert why_alone({name: "x"}, URL, "online") is None


def test_an_offline_setting_is_left_to_the_client():
    assert why_alone({}, URL, "offline") is None


def test_an_address_without_a_key_trains_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert why_alone({}, URL, "online") == f"There is no key for the W&B server {URL}"


def test_a_netrc_that_knows_the_host_has_the_key(tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1\n  login user\n  password secret\n")
    environ = {"NETRC": str(tmp_path / "netrc")}

    assert why_alone(environ, URL, "online") is None
    assert why_alone(environ, "https://api.wandb.ai", "online") is not None


def test_numpys_values_become_pythons():
    value = plain({"a": np.float64(0.5), "b": [np.int64(3), np.bool_(True)], "c": np.arange(2)})

    assert value == {"a": 0.5, "b": [3, True], "c": [0, 1]}
    assert type(value["a"]) is float and type(value["b"][0]) is int and type(value["b"][1]) is bool
