"""Scenes played by the real client against a server of the module's own, and the facts they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rarebeat.server import daemon

BIN = Path(sys.executable).parent
# The client waits 2 s and more before it tries again; a server that starts again is back sooner.
IMPATIENT = {
    f"WANDB_X_{what}_RETRY_WAIT_{bound}_SECONDS": seconds
    for what in ("GRAPHQL", "FILE_STREAM", "FILE_TRANSFER")
    for bound, seconds in (("MIN", "0.2"), ("MAX", "2"))
}
QUIET = {
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
    "WANDB_X_DISABLE_STATS": "true",
    "WANDB_SILENT": "true",
    "WANDB_AGENT_DISABLE_FLAPPING": "true",
}


PATIENCE = 900.0  # seconds for a scene, on a machine that has much else to do


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a module waits for its whole scene."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(PATIENCE + 60))


class Scene:
    """The facts of a scene that has been played."""

    def __init__(self, facts: dict[str, Any], directory: Path, output: str) -> None:
        self._facts, self._directory, self._output = facts, directory, output

    def __call__(self, step: str) -> Any:
        """What the step gave; the test fails with the step's own traceback where it failed."""
        told = self._facts[step]
        assert "facts" in told, f"{told['failure']}\n--- the client's output ends:\n{self._output[-3000:]}"
        return told["facts"]

    def unknown_fields(self) -> dict[str, int]:
        """What the client asked for and the server does not know."""
        done = subprocess.run(
            [BIN / "rarebeat", "status", "--dir", self._directory, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)["unknown_fields"]


@pytest.fixture(
    scope="module",
    params=["server killed half way", pytest.param("server stays", marks=pytest.mark.slow)],
)
def restarts(request: pytest.FixtureRequest) -> str:
    return "yes" if request.param == "server killed half way" else "no"


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory, restarts: str) -> Iterator[Callable[[str], Scene]]:
    """Plays a scene to its end: `play("runs")` runs `scenes/runs.py`."""
    directory, folder = tmp_path_factory.mktemp("server"), tmp_path_factory.mktemp("work")

    def to_its_end(name: str) -> Scene:
        server = daemon.start(directory)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
        scene = {"SCENE_SERVER": directory, "SCENE_RESTARTS": restarts, "SCENE_FACTS": folder / "facts"}
        here = {"HOME": folder, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
        output, facts = folder / "output", folder / "facts"
        # Not a pipe: what a killed client leaves behind would hold it open.
        with output.open("wb") as told:
            subprocess.run(
                [sys.executable, Path(__file__).parent / "scenes" / f"{name}.py"],
                cwd=folder,
                env={**inherited, **server.environment, **IMPATIENT, **QUIET, **scene, **here},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                timeout=PATIENCE,
                check=False,
            )
        said = output.read_text(errors="replace")
        assert facts.exists(), said[-5000:]
        return Scene(json.loads(facts.read_text()), directory, said)

    yield to_its_end
    daemon.stop(directory)


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest, play: Callable[[str], Scene]) -> Scene:
    """The scene that the module names as its `SCENE`, played once for all its tests."""
    return play(request.module.SCENE)
