"""Engines to measure against, each behind `suggest(config, runs, seed) -> params`.

Those that cannot live beside our stack run in virtual environments of their own, which are made on demand
under a cache folder, and answer one JSON line with another.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rarebeat.search import Run, suggest

WORKERS = Path(__file__).parent / "workers"
# NumPy 2 removed what `sweeps` uses; Optuna's GP wants torch. KerasTuner lives beside us.
FOREIGN = {
    "wandb": ["sweeps==0.3.0", "numpy<2"],
    "optuna_gp": ["torch", "optuna>=4", "scipy"],
    "keras_tuner": [],
}
OURS = ("bayes", "tpe", "random")
ONE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
}


class Here:
    """One of our own engines. `tpe` is Optuna's, with its constant liar for pending runs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def suggest(self, config: dict[str, Any], runs: list[Run], seed: int) -> dict[str, Any]:
        return suggest(config | {"method": self.name}, runs, seed)

    def close(self) -> None:
        pass


class Foreign:
    """An engine in a process of another environment."""

    def __init__(self, name: str, python: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, WORKERS / f"{name}.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )

    def suggest(self, config: dict[str, Any], runs: list[Run], seed: int) -> dict[str, Any]:
        asked = {"config": config, "runs": [dataclasses.asdict(run) for run in runs], "seed": seed}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended with {self._process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def environment(name: str, cache: Path, make: bool) -> Path | None:
    """The Python of a peer's environment; None where there is none, and it is not to be made or cannot be."""
    if not FOREIGN[name]:
        return Path(sys.executable)
    folder = cache / name
    python = folder / "bin" / "python"
    if (folder / "complete").exists() or not make:
        return python if (folder / "complete").exists() else None
    print(f"making {folder} with {' '.join(FOREIGN[name])}", file=sys.stderr)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([*pip, *FOREIGN[name]], check=True)
    except subprocess.CalledProcessError as error:
        print(f"{name} is left out: {error}", file=sys.stderr)
        return None
    (folder / "complete").touch()
    return python


def engine(name: str, cache: Path, make: bool) -> Here | Foreign | None:
    if name in OURS:
        return Here(name)
    python = environment(name, cache, make)
    return Foreign(name, python) if python else None
