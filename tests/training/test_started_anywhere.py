"""Where a run is started."""

from __future__ import annotations

import subprocess
import sys


def test_a_folder_of_models_does_not_stand_in_for_the_package(tmp_path):
    for name in ("models", "training", "data_utils"):
        (tmp_path / name).mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "training.hyperparameters"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
