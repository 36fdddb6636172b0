"""A scene: what one user does with the wandb client, step by step, and what came of each step.

A step gives the facts that the tests look at. Its failure is a fact too, and the next step is played all the
same. `restart()` stands in the middle of steps: there the server is killed and started again, or nothing
happens, as the environment says.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rarebeat.server import daemon

BIN = Path(sys.executable).parent
SERVER = Path(os.environ["SCENE_SERVER"])
Step = Callable[[], Any]
_STEPS: list[Step] = []
_STARTED: list[subprocess.Popen[bytes]] = []


def step(function: Step) -> Step:
    """Makes the function a step of this scene; steps are played in the order in which they are written."""
    _STEPS.append(function)
    return function


def restart() -> None:
    """Kills the server without warning and starts it again, if this is a scene with restarts."""
    if os.environ["SCENE_RESTARTS"] == "yes":
        server = daemon.running(SERVER)
        os.kill(server.pid, signal.SIGKILL)
        daemon.start(SERVER)


def outside(**environment: str) -> dict[str, str]:
    """The environment of a process that does not share this one's client service, nor its end."""
    # Nor its silence: what the command line says is what a user goes by.
    own = {name: value for name, value in os.environ.items() if name not in ("WANDB_SERVICE", "WANDB_SILENT")}
    return {**own, **environment}


def shell(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as a user would; what it says on stderr is added to its stdout."""
    return subprocess.run(
        command,
        env=outside(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )


def start(*command: str, **environment: str) -> subprocess.Popen[bytes]:
    """A command in the background; it is ended with the scene."""
    _STARTED.append(subprocess.Popen(command, env=outside(**environment)))
    return _STARTED[-1]


def script(code: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """A Python script of the user's, started."""
    return start(sys.executable, "-c", code, *arguments, **environment)


def wait_until(condition: Callable[[], Any], seconds: float = 240) -> Any:
    """The first true value of the condition."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.2)
    raise TimeoutError(f"not true within {seconds} s")


def raised(function: Callable[[], Any]) -> str:
    """What the client says to its user when it refuses."""
    try:
        function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was raised"


def play() -> None:
    """Plays the steps and writes their facts where the tests look for them."""
    facts: dict[str, Any] = {}
    only = set(sys.argv[1:])
    for function in _STEPS:
        if only and function.__name__ not in only:
            continue
        began = time.monotonic()
        try:
            # The client's own mappings are written as plain ones.
            facts[function.__name__] = {"facts": json.loads(json.dumps(function(), default=dict))}
        except BaseException:
            facts[function.__name__] = {"failure": traceback.format_exc()}
        print(f"{function.__name__} took {time.monotonic() - began:.1f} s", flush=True)
    for process in _STARTED:
        process.kill()
    Path(os.environ["SCENE_FACTS"]).write_text(json.dumps(facts))
