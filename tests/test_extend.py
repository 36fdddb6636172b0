"""The module of docs/extend.md, taken from the page as it stands, trains and is swept like our own parts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/extend.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    from data_utils.simulate import simulate

    folder = tmp_path_factory.mktemp("extend")
    (folder / "my_parts.py").write_text("\n\n".join(blocks("python")), encoding="utf-8")
    (folder / "sweep.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    (folder / "data").mkdir()
    simulate(folder / "data/mitdb.h5", patients=12, minutes=2.0)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess:
    theirs = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    env = theirs | {
        "RAREBEAT_PLUGINS": "my_parts",
        "HOME": str(folder),
    }
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_the_pages_model_loss_and_sampler_train_and_are_in_the_card(folder, link):
    command = blocks("sh")[0].splitlines()[1].split()
    out = folder / f"run-{link}"
    small = [
        "--set",
        "steps_per_epoch=4",
        "--set",
        "batch_size=32",
        "--set",
        f"link={link}",
        "--out",
        str(out),
    ]
    run(folder, sys.executable, *command[1:], *small)
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert {
        name: card["hyperparameters"][name] for name in ("model", "loss", "sampler", "separable_blocks")
    } == {
        "model": "separable_cnn",
        "loss": "gce",
        "sampler": "even_patients",
        "separable_blocks": 3,
    }
    # What belongs to other parts has no effect; what the page declares has.
    assert {"n_blocks", "gamma"} <= set(card["inactive"])
    assert not {"separable_blocks", "gce_q", "dense_units"} & set(card["inactive"])


def test_the_pages_sweep_passes_the_check(folder):
    run(
        folder,
        str(Path(sys.executable).with_name("rarebeat")),
        "check",
        "sweep.yaml",
        "--data",
        "data/mitdb.h5",
    )
