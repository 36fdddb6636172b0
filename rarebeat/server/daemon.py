"""Starting, finding and stopping the server of a directory from another process."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from rarebeat.server.directory import Address, CannotServe, is_locked, make, read_address, read_key
from rarebeat.server.proxies import direct

START_SECONDS = 60.0
STOP_SECONDS = 10.0
BUSY_SECONDS = 30.0
# Servers that this process started: forgetting a child that runs on is what Python warns about.
_STARTED: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Server:
    """A running server: its address, the key to use with it, and whether it was started just now."""

    url: str
    key: str
    pid: int
    started: bool

    @property
    def environment(self) -> dict[str, str]:
        """What a wandb client needs in its environment to talk to this server, and to no one else."""
        return {
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": self.key,
            # Without it the client reports its own errors to its maker.
            "WANDB_ERROR_REPORTING": "false",
            **direct(self.url, os.environ),
        }


def start(
    directory: Path,
    host: str = "127.0.0.1",
    port: int | None = None,
    validator: list[str] | None = None,
    crash_after: float | None = None,
    demand_key: bool = False,
) -> Server:
    """The directory's server, started in the background unless it runs already.

    Args:
        directory: Where everything is kept; made when missing.
        port: None takes the last one of this directory, or any that is free.
        validator: The command that judges sweep configurations.
        crash_after: Seconds of silence after which a run has crashed.
        demand_key: Whether a key is demanded on loopback too.

    Raises:
        CannotServe: in one sentence, why it did not start.
    """
    directory = directory.resolve()
    make(directory)
    if (server := running(directory)) is not None:
        return server
    _forget_ended()
    # Nothing in the folder where it is started counts as a module: a signal.py there would end it.
    command = [sys.executable, "-P", "-m", "rarebeat.server", "--dir", str(directory), "--host", host]
    command += ["--port", str(port)] if port is not None else []
    command += ["--validator", json.dumps(validator)] if validator else []
    command += ["--crash-after", str(crash_after)] if crash_after is not None else []
    command += ["--demand-key"] if demand_key else []
    with _log(directory) as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _STARTED[process.pid] = process
    return _await(directory, process)


def running(directory: Path) -> Server | None:
    """The server that runs on the directory, None when there is none.

    A server that has the directory and is starting, or busy, is waited for.

    Raises:
        CannotServe: when it does not answer.
    """
    directory = directory.resolve()
    until = time.monotonic() + BUSY_SECONDS
    while is_locked(directory):
        address = read_address(directory)
        if address is not None and _answers(address):
            return server_at(address, directory, started=False)
        if time.monotonic() > until:
            raise CannotServe(f"the server on {directory} does not answer; see {directory / 'server.log'}")
        time.sleep(0.05)
    return None


def server_at(address: Address, directory: Path, started: bool) -> Server:
    """The directory's server, as it is reached from this machine."""
    return Server(_reachable(address.url), read_key(directory), address.pid, started)


def stop(directory: Path) -> bool:
    """Ends the directory's server, by force if it does not listen; says whether there was one."""
    directory = directory.resolve()
    address = read_address(directory)
    if address is None or not is_locked(directory):
        return False
    for how in (signal.SIGTERM, signal.SIGKILL):
        _end(address.pid, how)
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until:
            if not is_locked(directory):
                _reap(address.pid)
                return True
            time.sleep(0.05)
    raise CannotServe(f"the server on {directory} (process {address.pid}) cannot be ended")


def _log(directory: Path) -> IO[bytes]:
    try:
        return open(directory / "server.log", "ab", opener=partial(os.open, mode=0o600))
    except OSError as error:
        raise CannotServe(f"{directory} cannot be written to: {error.strerror}") from None


def _end(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
    except PermissionError:
        raise CannotServe(f"the server is process {pid} of somebody else, who alone can end it") from None


def _forget_ended() -> None:
    """Lets those go that ended by themselves or were killed, so that they do not stay as zombies."""
    for pid, process in list(_STARTED.items()):
        if process.poll() is not None:
            del _STARTED[pid]


def _reap(pid: int) -> None:
    if (process := _STARTED.pop(pid, None)) is not None:
        process.wait(timeout=STOP_SECONDS)


def _await(directory: Path, process: subprocess.Popen[bytes]) -> Server:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            _STARTED.pop(process.pid, None)
            # Somebody else may have started one at the same moment.
            if (server := running(directory)) is not None:
                return server
            raise CannotServe(_last_line(directory / "server.log"))
        address = read_address(directory)
        if address is not None and address.pid == process.pid and _answers(address):
            return server_at(address, directory, started=True)
        time.sleep(0.05)
    process.kill()
    raise CannotServe(
        f"the server did not answer within {START_SECONDS:.0f} s; see {directory / 'server.log'}"
    )


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"the server ended without a word; see {path}"


def _reachable(url: str) -> str:
    """An address that listens on every interface is reached from here by loopback."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _answers(address: Address) -> bool:
    """Whether this very process is there: another directory's server may have got the address since."""
    # No proxy: the address is this machine's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(_reachable(address.url) + "/healthz", timeout=5) as answer:
            return json.load(answer).get("pid") == address.pid
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return False
