"""Warm agents as children: started, watched, ended with all they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rarebeat.processes import kill_processes, tree
from rarebeat.run_logs import new_agent_log, runs_of_agent, words_of
from rarebeat.warm import GAVE_UP

# How often an agent that was killed is started anew. One that gives up by itself is not.
RESTARTS = 2
# Signals by which someone asks an agent to go: it is not brought back.
ASKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# After the second interrupt the client has sent SIGTERM to its run; what is still there afterwards is killed.
NOTICE_SECONDS = 1.0
GRACE_SECONDS = 10.0
POLL_SECONDS = 0.2
STARTS, BEGINS, WAITS = "starts", "begins a run", "waits for a run"
ENDED, BENCHED = "ended", "gave up: its runs failed one after another"
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def agent_environment(inherited: Mapping[str, str], agents: int, data: Path | None) -> dict[str, str]:
    """The environment of one of `agents` agents that share this machine.

    Args:
        inherited: what to start from; what it already says about threads and GPU memory stays.
        agents: how many run at once; each gets its share of the cores.
        data: the data file, which wins over the sweep's own.
    """
    cores = str(max(1, available_cores() // agents))
    environment = {name: cores for name in THREADS} | {"TF_FORCE_GPU_ALLOW_GROWTH": "true"} | dict(inherited)
    # A program that is not forked is `${interpreter}`, which is `python` from PATH: it has to be this one.
    environment["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]
    )
    # The client's flapping rule ends an agent after three failures in its first minute even where other runs
    # go well. Its other rule, five failures that are at least half of the runs, stays on and ends a hopeless
    # sweep. A run that is killed counts in neither.
    environment.setdefault("WANDB_AGENT_DISABLE_FLAPPING", "true")
    environment.setdefault("PYTHONUNBUFFERED", "1")
    # Where this process's own client listens, which an agent must not take for its own.
    environment.pop("WANDB_SERVICE", None)
    return environment | ({"RAREBEAT_DATA": str(data.resolve())} if data else {})


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Doing:
    """What one agent does now.

    Attributes:
        agent: its number.
        place: its device, and its machine where there are several.
        state: in words.
        run: the run that it trains; None where there is none.
    """

    agent: str
    place: str
    state: str
    run: str | None = None

    @property
    def at_work(self) -> bool:
        """Whether it has not ended."""
        return self.state not in (ENDED, BENCHED)


@dataclass
class Agents:
    """Agents on the sweep at `path`, one for each of `places`, each with a log in `logs`, as has each run.

    Use as a context manager: leaving it ends every agent and run that is still there.

    Attributes:
        places: device of each agent as CUDA_VISIBLE_DEVICES names it; None is the processor.
        count: runs of each agent at most.
        limit: seconds that a run may take.
    """

    path: str
    places: Sequence[str | None]
    environment: Mapping[str, str]
    logs: Path
    count: int | None = None
    limit: float | None = None
    _processes: list[subprocess.Popen] = field(default_factory=list)
    _logs: list[Path] = field(default_factory=list)
    _restarts: int = 0

    def __enter__(self) -> Agents:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._logs = [new_agent_log(self.logs) for _ in self.places]
        try:
            for i in range(len(self.places)):
                self._processes.append(self._start(i))
        except OSError:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log(self, i: int) -> Path:
        """The log of agent `i`, counted from 0; agents of other commands have others."""
        return self._logs[i]

    def _start(self, i: int) -> subprocess.Popen:
        with self.log(i).open("ab") as log:
            return subprocess.Popen(
                self._command(),
                env={**self.environment, **_device(self.places[i])},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Away from the terminal's process group: a Ctrl-C reaches them through stop() alone.
                start_new_session=True,
            )

    def _command(self) -> list[str]:
        # -P, which forks inherit: no signal.py or folder of models where it is started is taken for a module.
        command = [sys.executable, "-P", "-m", "rarebeat.warm", self.path, "--logs", str(self.logs)]
        command += ["--parent", str(os.getpid())]
        command += ["--count", str(self.count)] if self.count is not None else []
        return command + (["--limit", str(self.limit)] if self.limit is not None else [])

    def alive(self) -> int:
        """How many agents are at work. One that was killed is started anew, `RESTARTS` times for each."""
        for i, process in enumerate(self._processes):
            if _was_killed(process) and self._restarts < RESTARTS * len(self.places):
                self._restarts += 1
                self._processes[i] = self._start(i)
        return sum(process.poll() is None for process in self._processes)

    def doing(self) -> list[Doing]:
        """What each agent does now, by its process and its log."""
        return [self._doing(i, process) for i, process in enumerate(self._processes)]

    def _doing(self, i: int, process: subprocess.Popen) -> Doing:
        name, place = str(1 + i), "CPU" if self.places[i] is None else f"GPU {self.places[i]}"
        code = process.poll()
        if code is not None:
            return Doing(name, place, BENCHED if code == GAVE_UP else ENDED)
        listed = runs_of_agent(self.log(i))
        if listed is None:
            return Doing(name, place, STARTS)
        return Doing(name, place, BEGINS if listed else WAITS, *filter(None, listed[:1]))

    def last_words(self, run: str, lines: int) -> list[str]:
        """The last lines of a run; none where its log is not here."""
        return words_of(self.logs, run, lines)

    def gave_up(self) -> bool:
        """Whether an agent ended because its runs failed one after another."""
        return any(process.poll() == GAVE_UP for process in self._processes)

    def finish(self) -> None:
        """Let every agent end its run and take no other; returns at once."""
        self._interrupt(0.0)

    def stop(self) -> None:
        """End the agents as the client has it (a second interrupt ends their runs), then kill the rest."""
        agents = [process.pid for process in self._processes if process.poll() is None]
        if not agents:
            return
        everything = tree(agents)
        try:
            self._interrupt(NOTICE_SECONDS)
            self._interrupt(GRACE_SECONDS)
        finally:
            kill_processes(everything | tree(agents))
            for process in self._processes:
                process.wait()

    def _interrupt(self, seconds: float) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(process.poll() is None for process in self._processes):
            time.sleep(POLL_SECONDS)


def _was_killed(process: subprocess.Popen) -> bool:
    code = process.poll()
    return code is not None and code < 0 and -code not in ASKED


def _device(place: str | None) -> dict[str, str]:
    return {} if place is None else {"CUDA_VISIBLE_DEVICES": place}
