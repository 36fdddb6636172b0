"""Our own commands as programs, on one embedded server, and what of the machine they took."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Commands:
    """`rarebeat` in `folder`, on the embedded server in there."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def server(self) -> Iterator[None]:
        """The server while the body runs; what it holds stays for the next call."""
        adopt_orphans()
        known = (self.folder / ".rarebeat").exists()
        printed = self.run("up", *([] if known else ["--port", "0"]))
        pairs = [shlex.split(line)[1].partition("=") for line in printed.splitlines()]
        self.environment = {name: value for name, _, value in pairs}
        try:
            yield
        finally:
            self.run("down")

    def run(self, *arguments: object) -> str:
        """Run `rarebeat ARGUMENTS`, which speaks on stderr as ever, and return its stdout.

        Raises:
            SystemExit: it failed.
        """
        command = [str(BIN / "rarebeat"), *map(str, arguments)]
        print(f"{time.strftime('%H:%M:%S')} $ {shlex.join(command)}", file=sys.stderr, flush=True)
        path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": path, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(
                f"rarebeat {arguments[0]} ended with {done.returncode}; the same command goes on"
            )
        return done.stdout

    def json(self, *arguments: object) -> dict:
        """What the command prints with --json."""
        return json.loads(self.run(*arguments, "--json"))

    def processor_seconds(self) -> float:
        """Processor time of all that has run for us: what has ended, and the server that is still there."""
        bury_orphans()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime + self._of_server()

    def _of_server(self) -> float:
        if not self.environment:
            return 0.0
        pid = json.loads(self.run("status", "--json"))["pid"]
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def adopt_orphans() -> None:
    """Become the parent of what outlives its own, so that its time counts: an agent's fork server does."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury_orphans() -> None:
    """Wait for those that have ended: only then does the system add their time to ours."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
