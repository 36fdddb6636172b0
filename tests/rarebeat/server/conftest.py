"""Clients as users have them: scripts and the wandb command line, each in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rarebeat.server import daemon

BIN = Path(sys.executable).parent
# The vendor's own agent; only its clock of five seconds is turned faster, to spare the tests the waiting.
BRISK_AGENT = """
import sys
from wandb.cli.cli import cli
from wandb.wandb_agent import Agent
Agent.POLL_INTERVAL = 0.5
cli(["agent", *sys.argv[1:]])
"""


@dataclass(frozen=True)
class Client:
    """Runs scripts and commands in a folder, against a backend."""

    folder: Path
    env: dict[str, str]

    def script(self, code: str, **env: str) -> Any:
        """The JSON on the last line that the script prints; None when it prints nothing."""
        command = [sys.executable, "-c", textwrap.dedent(code)]
        done = self.run(command, **env)
        assert done.returncode == 0, done.stderr[-3000:]
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def wandb(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run([str(BIN / "wandb"), *arguments])

    def run(self, command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, "PATH": f"{BIN}:{self.env['PATH']}", **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """The command in the background, with its output in files named after its number."""
        number = len(list(self.folder.glob("*.output")))
        with (self.folder / f"{number}.output").open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.env, "PATH": f"{BIN}:{self.env['PATH']}"},
                stdout=output,
                stderr=output,
            )

    def agent(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A brisk agent in the background."""
        return self.start("python", "-c", BRISK_AGENT, *arguments)

    def sweep(self, yaml: str, train: str) -> str:
        """Makes a sweep with the command line; gives local/project/id."""
        (self.folder / "train.py").write_text(textwrap.dedent(train))
        (self.folder / "sweep.yaml").write_text(textwrap.dedent(yaml))
        done = self.wandb("sweep", "--project", f"p-{self.folder.name[:40]}", "sweep.yaml")
        found = re.search(r"wandb agent (\S+)", done.stderr + done.stdout)
        assert found, done.stderr
        return found[1]

    def sweep_runs(self, path: str) -> dict[str, Any]:
        """The sweep's state and its runs as wandb.Api tells them."""
        return self.script(f"""
            import json, wandb
            sweep = wandb.Api().sweep({path!r})
            runs = [
                dict(id=r.id, state=r.state, config=r.config, summary=dict(r.summary_metrics))
                for r in sweep.runs
            ]
            print(json.dumps(dict(state=sweep.state, runs=runs)))
        """)


@pytest.fixture
def client(backend: Any, tmp_path: Path) -> Client:
    return Client(tmp_path, backend.env)


@dataclass
class OwnServer:
    """A server of one test alone, which may be killed and started again."""

    directory: Path
    client: Client
    server: daemon.Server

    def again(self, **settings: Any) -> None:
        self.server = daemon.start(self.directory, **settings)


@pytest.fixture
def own_server(tmp_path: Path, backend: Any) -> Any:
    """Starts a server with settings of the test's own: `own_server(crash_after=2)`."""
    started = []

    def start(**settings: Any) -> OwnServer:
        directory, folder = tmp_path / "server", tmp_path / "work"
        folder.mkdir()
        server = daemon.start(directory, **settings)
        started.append(directory)
        env = {**backend.env, **server.environment, "WANDB_AGENT_DISABLE_FLAPPING": "true"}
        return OwnServer(directory, Client(folder, env), server)

    yield start
    for directory in started:
        daemon.stop(directory)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """The first true value of the condition."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"after {seconds} s still not: {what}")


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return wait_until
