"""A run as the vendor's agent handles one: forked from warm imports where it can be, else started cold."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from pathlib import Path
from typing import Protocol

from rarebeat.warm import child

# Programs that can be forked: importing them brings all that a run needs, and executes no op (a process
# forked after TensorFlow has run one hangs for ever).
WARM = ("training.train",)
# What a run imports only when it is under way, and that takes long.
BESIDE = ("wandb.apis.public", "wandb.sdk.artifacts._internal_artifact", "requests", "scipy.signal", "pandas")
# Beginnings of variables that are read when something is imported: for one run alone they come too late.
ON_IMPORT = ("KERAS_", "TF_", "JAX_", "XLA_", "OMP_", "OPENBLAS_", "MKL_", "PYTHON", "RAREBEAT_PLUGINS")
# After being asked to end, a run has this long (s).
GRACE_SECONDS = 30.0
# A program that is not forked has no handle that can be waited for everywhere.
POLL_SECONDS = 0.2


class Handle(Protocol):
    """What `subprocess.Popen` and `_Forked` have in common."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int | None: ...


@dataclass
class Launcher:
    """Starts the runs of one agent, in place of the client's own `AgentProcess`.

    Attributes:
        logs: folder; a run writes to `<run id>.log` in it.
        limit: seconds after which a run is ended; None for no limit.
        ended_badly: told run id and reason of a run that a signal or the limit ended.
        warm: modules that are imported beforehand, and whose `main(arguments)` is forked.
    """

    logs: Path
    limit: float | None
    ended_badly: Callable[[str, str], None]
    warm: tuple[str, ...] = WARM
    runs: list[RunProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([*self.warm, *BESIDE])

    def warm_up(self) -> None:
        """Begin the imports, in a process of their own, and do not wait for them."""
        from multiprocessing import forkserver

        forkserver.ensure_running()

    def __call__(self, command: Sequence[str], env: Mapping[str, str], **_: object) -> RunProcess:
        """Start `command` (the client's keyword arguments for a program; those for a function are unused)."""
        # The agent's own client listens there; a run has one of its own.
        environment = {name: value for name, value in env.items() if name != "WANDB_SERVICE"}
        log = self.logs / f"{environment['WANDB_RUN_ID']}.log"
        module, arguments, settings = module_of(command)
        if module in self.warm and not _too_late(settings):
            handle: Handle = _Forked(self.context, module, arguments, environment | settings, log)
        elif module in self.warm:
            # By the interpreter of the forks, whichever `python` is first on PATH, and by its modules.
            handle = _cold([sys.executable, "-P", "-m", module, *arguments], environment | settings, log)
        else:
            handle = _cold(command, environment, log)
        process = RunProcess(environment["WANDB_RUN_ID"], handle, self.limit, self.ended_badly)
        self.runs = [run for run in self.runs if run.code is None] + [process]
        return process

    def wait(self, seconds: float) -> None:
        """Wait until a run ends, `seconds` at most."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not any(run.ended for run in self.runs):
            handles = [run.handle.sentinel for run in self.runs if isinstance(run.handle, _Forked)]
            if len(handles) == len(self.runs) and handles:
                connection.wait(handles, left)
            else:
                time.sleep(min(left, POLL_SECONDS))

    def ask_to_end(self, seconds: float = GRACE_SECONDS) -> None:
        """Ask every run to end, and wait until they have, `seconds` at most."""
        for run in self.runs:
            if run.code is None:
                run.terminate()
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(run.poll() is None for run in self.runs):
            time.sleep(POLL_SECONDS)


def module_of(command: Sequence[str]) -> tuple[str | None, list[str], dict[str, str]]:
    """Return module, arguments and environment settings of `/usr/bin/env [A=B …] python -m MODULE …`.

    The module is None for a command of another form.
    """
    words = list(command)
    settings = {}
    if words and Path(words[0]).name == "env":
        words.pop(0)
        while words and "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            settings[name] = value
    python = len(words) > 2 and Path(words[0]).name.startswith("python") and words[1] == "-m"
    return (words[2], words[3:], settings) if python else (None, [], {})


def _too_late(settings: Mapping[str, str]) -> bool:
    """Whether a command sets what has been read already, and otherwise."""
    return any(
        name.startswith(ON_IMPORT) and os.environ.get(name) != value for name, value in settings.items()
    )


class _Forked:
    """A process forked by the fork server, which has imported what `WARM` names."""

    def __init__(
        self,
        context: multiprocessing.context.ForkServerContext,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
    ) -> None:
        self.process = context.Process(
            target=child.enter, args=(module, list(arguments), dict(environment), log), daemon=False
        )
        self.process.start()
        self.pid = self.process.pid

    @property
    def sentinel(self) -> int:
        return self.process.sentinel

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(f"run {self.pid}", timeout)
        return self.process.exitcode


def _cold(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen:
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )


class RunProcess:
    """One run, with the methods and the attribute that the client's agent uses."""

    def __init__(
        self, run: str, handle: Handle, limit: float | None, ended_badly: Callable[[str, str], None]
    ) -> None:
        self.run = run
        self.handle = handle
        self.limit = limit
        self.ended_badly = ended_badly
        self.started = time.monotonic()
        self.last_sigterm_time: float | None = None  # the client's agent keeps it here
        self.code: int | None = None
        self._asked = False
        self._overdue: float | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended, or has to be looked at because its time is over."""
        return self.handle.poll() is not None or self._late()

    def poll(self) -> int | None:
        """The exit code; 128 and the number, which is a failure, for a signal that nobody here sent."""
        if self.code is None:
            self._enforce_limit()
            code = self.handle.poll()
            if code is not None:
                self.code = self._conclude(code)
        return self.code

    def wait(self, timeout: float | None = None) -> int | None:
        self.handle.wait(timeout)
        return self.poll()

    def terminate(self) -> None:
        """Ask it to end."""
        self._asked = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it has started in its process group."""
        self._asked = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.handle.poll() is None:
            try:
                # Only a kill has to reach what the run has started: asked, it ends that itself.
                (os.killpg if number == signal.SIGKILL else os.kill)(self.handle.pid, number)
            except ProcessLookupError:
                # Just forked, it is in no group of its own yet.
                os.kill(self.handle.pid, number)

    def _late(self) -> bool:
        if self.limit is None:
            return False
        since = self.started + self.limit if self._overdue is None else self._overdue + GRACE_SECONDS
        return time.monotonic() > since

    def _enforce_limit(self) -> None:
        if self._late():
            self._signal(signal.SIGTERM if self._overdue is None else signal.SIGKILL)
            self._overdue = time.monotonic()

    def _conclude(self, code: int) -> int:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.handle.pid, signal.SIGKILL)
        if self._overdue is not None:
            self.ended_badly(self.run, f"it ran for longer than its {self.limit / 60:g} minutes")
            return code if code > 0 else 128 - code
        if code < 0 and not self._asked:
            self.ended_badly(self.run, reason_of(-code))
            return 128 - code
        return code


def reason_of(number: int) -> str:
    """Return what a process that signal `number` ended came to."""
    name = signal.Signals(number).name
    why = {
        signal.SIGKILL: ", as the system does when memory runs out",
        signal.SIGSEGV: ", a fault in native code",
        signal.SIGABRT: ", which native code sends itself",
    }
    return f"it was ended by {name}{why.get(number, '')}"
