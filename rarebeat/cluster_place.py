"""One agent in its place on a cluster: the ordinary warm agent, as a child of Ray's worker there."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from rarebeat.agents import STARTS, THREADS, Agents, Doing, agent_environment
from training.gpus import VISIBLE

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """What an agent is to do, wherever it is.

    Attributes:
        path: ENTITY/PROJECT/SWEEP.
        folder: to work in, on nodes that have it; elsewhere it is Ray's own.
        environment: beside that of the node.
        cores: of the node that a run may use.
    """

    path: str
    folder: Path
    environment: Mapping[str, str]
    cores: int
    logs: Path
    count: int | None = None
    limit: float | None = None


class Place:
    """What Ray makes on a node, and makes elsewhere when that node is lost; `run` is called anew then.

    Args:
        number: of the agent, from 1.
    """

    # `run` takes one of Ray's threads; the others answer meanwhile.
    THREADS: ClassVar[int] = 3

    def __init__(self, task: Task, number: int) -> None:
        if task.folder.is_dir():
            os.chdir(task.folder)
        cores = {name: str(task.cores) for name in THREADS}
        environment = {**os.environ, **cores, **task.environment}
        places = [environment.get(VISIBLE) or None]
        everything = agent_environment(environment, 1, None)
        self._agents = Agents(task.path, places, everything, task.logs, task.count, task.limit)
        self._number = str(number)
        self._asked_to_stop = threading.Event()

    def run(self) -> tuple[Doing, bool]:
        """Let the agent run to its end. Returns its last state, and whether it gave up."""
        with self._agents:
            while self._agents.alive() and not self._asked_to_stop.is_set():
                time.sleep(POLL_SECONDS)
        return self.doing(), self._agents.gave_up()

    def doing(self) -> Doing:
        """What the agent does now."""
        begun = self._agents.doing()
        one = begun[0] if begun else Doing(self._number, "", STARTS)
        return replace(one, agent=self._number, place=f"{socket.gethostname()} {one.place}")

    def finish(self) -> None:
        """Let the agent end its run and take no other."""
        self._agents.finish()

    def stop(self) -> None:
        """End the agent and its run."""
        self._asked_to_stop.set()
