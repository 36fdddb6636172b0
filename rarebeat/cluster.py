"""Warm agents on the nodes of a Ray cluster.

Ray says where an agent runs, and starts it elsewhere when its node is lost. Which run an agent is given, and
what becomes of a lost one, is the W&B server's matter, as it is with the agents of one machine.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import click

from data_utils.errors import BadInput
from rarebeat.agents import GRACE_SECONDS, NOTICE_SECONDS, STARTS, Doing
from rarebeat.cluster_place import Place, Task
from rarebeat.run_logs import words_of

# What of this machine's environment goes with an agent; the rest is its node's own.
CARRIED = ("WANDB_", "RAREBEAT_", "OMP_", "TF_", "KERAS_")
PROBE_SECONDS = 5.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# A node that does not answer holds up the view for no longer than this.
ASK_SECONDS = 1.0


@dataclass(frozen=True)
class Share:
    """What an agent takes of its node; agents may share a GPU."""

    cpus: float = 1.0
    gpus: float = 0.0

    def __str__(self) -> str:
        return f"{self.cpus:g} CPU and {self.gpus:g} GPU"


@dataclass
class ClusterAgents:
    """`number` agents on the Ray cluster at `address`; otherwise as `rarebeat.agents.Agents`.

    Attributes:
        logs: folder on each node, below the one where it works.
    """

    path: str
    address: str
    number: int
    share: Share
    environment: Mapping[str, str]
    logs: Path
    count: int | None = None
    limit: float | None = None
    _actors: list[Any] = field(default_factory=list)
    _runs: dict[Any, int] = field(default_factory=dict)
    _asked: dict[Any, int] = field(default_factory=dict)
    _doing: list[Doing] = field(default_factory=list)
    _gave_up: bool = False

    def connect(self) -> None:
        """Reach the cluster.

        Raises:
            BadInput: Ray is not installed, the cluster is not there, or it cannot do what it is asked to.
        """
        ray = load_ray()
        probe_head(self.address)
        ray.init(self.address, log_to_driver=False, logging_level="ERROR")
        nodes = [node for node in ray.nodes() if node["Alive"]]
        here = ray.get_runtime_context().get_node_id()
        refuse_unfit(nodes, here, self.share, self.environment["WANDB_BASE_URL"])

    def __enter__(self) -> ClusterAgents:
        # A lost node's agents are Ray's to bring back, and Ray's to set to work again.
        place = load_ray().remote(
            num_cpus=self.share.cpus, num_gpus=self.share.gpus, scheduling_strategy="SPREAD",
            max_restarts=-1, max_task_retries=-1, max_concurrency=Place.THREADS,
        )(Place)  # fmt: skip
        environment = {k: v for k, v in self.environment.items() if k.startswith(CARRIED)}
        if not self.share.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        cores = max(1, int(self.share.cpus))
        task = Task(self.path, Path.cwd(), environment, cores, self.logs, self.count, self.limit)
        self._actors = [place.remote(task, 1 + i) for i in range(self.number)]
        self._runs = {actor.run.remote(): i for i, actor in enumerate(self._actors)}
        self._doing = [Doing(str(1 + i), "", STARTS) for i in range(self.number)]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def alive(self) -> int:
        """How many agents have not ended, those included that wait for a place.

        Raises:
            click.ClickException: a node could not start its agent.
        """
        ray = load_ray()
        for over in _ready(self._runs, 0.0):
            i = self._runs.pop(over)
            try:
                self._doing[i], gave_up = ray.get(over)
            except ray.exceptions.RayError as error:
                reason = str(error).strip().splitlines()[-1]
                raise click.ClickException(f"a node of the cluster cannot run an agent: {reason}") from error
            self._gave_up |= gave_up
            # What it held is another's now.
            ray.kill(self._actors[i], no_restart=True)
        return len(self._runs)

    def doing(self) -> list[Doing]:
        """What each agent does now. One that waits for a place, or whose node was lost, starts."""
        ray = load_ray()
        waited_for = set(self._asked.values())
        at_work = [i for i in self._runs.values() if i not in waited_for]
        self._asked |= {self._actors[i].doing.remote(): i for i in at_work}
        for answer in _ready(self._asked, ASK_SECONDS):
            i = self._asked.pop(answer)
            try:
                self._doing[i] = ray.get(answer)
            except ray.exceptions.RayError:
                # Its node is gone: whether there will be another is for `alive` to find out.
                continue
        for i in set(self._asked.values()) & set(self._runs.values()):
            self._doing[i] = Doing(str(1 + i), "", STARTS)
        return list(self._doing)

    def last_words(self, run: str, lines: int) -> list[str]:
        """The last lines of a run; none where its node does not share the folder of logs."""
        return words_of(self.logs, run, lines)

    def gave_up(self) -> bool:
        """Whether an agent ended because its runs failed one after another."""
        return self._gave_up

    def finish(self) -> None:
        """Let every agent end its run and take no other; returns at once."""
        for i in self._runs.values():
            self._actors[i].finish.remote()

    def stop(self) -> None:
        """End the agents and their runs, wherever they are."""
        ray = load_ray()
        for i in self._runs.values():
            self._actors[i].stop.remote()
        try:
            _ready(self._runs, NOTICE_SECONDS + 2 * GRACE_SECONDS, len(self._runs))
        finally:
            for i in self._runs.values():
                ray.kill(self._actors[i], no_restart=True)
            ray.shutdown()


def load_ray() -> ModuleType:
    """Return Ray. Raises `BadInput` where it is not installed."""
    try:
        import ray
    except ImportError as error:
        raise BadInput("Ray is not installed: pip install 'rarebeat[cluster]'") from error
    return ray


def probe_head(address: str) -> None:
    """Knock at a cluster's head, which Ray itself would wait for many minutes.

    Raises:
        BadInput: nobody is there.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), PROBE_SECONDS).close()
    except (OSError, ValueError) as error:
        raise BadInput(
            f"there is no head of a Ray cluster at {address} ({error}): give its HOST:PORT, which "
            "`ray start --head` prints"
        ) from error


def refuse_unfit(nodes: Sequence[Mapping[str, Any]], here: str, share: Share, url: str) -> None:
    """Check that some node has room for an agent, and that every node can reach the server.

    Args:
        nodes: as Ray lists them, those that are alive.
        here: id of this machine's node.

    Raises:
        BadInput: else.
    """
    if not any(_fits(node["Resources"], share) for node in nodes):
        raise BadInput(
            f"no node of the cluster has {share} for an agent: ask for less by --cpus and --gpus, or add "
            "such a node"
        )
    machines = {node["NodeID"]: node["NodeManagerAddress"] for node in nodes}
    elsewhere = {address for address in machines.values() if address != machines.get(here)}
    if elsewhere and urlsplit(url).hostname in LOOPBACK:
        raise BadInput(
            f"{sorted(elsewhere)[0]} cannot reach {url}, which is an address of this machine alone: "
            "`rarebeat up --host` can listen on one that the nodes reach"
        )


def _fits(resources: Mapping[str, float], share: Share) -> bool:
    return resources.get("CPU", 0.0) >= share.cpus and resources.get("GPU", 0.0) >= share.gpus


def _ready(asked: Mapping[Any, int], seconds: float, number: int | None = None) -> list[Any]:
    """The answers that are there after `seconds` at most, or as soon as all of them are."""
    if not asked:
        return []
    return load_ray().wait(list(asked), num_returns=number or len(asked), timeout=seconds)[0]
