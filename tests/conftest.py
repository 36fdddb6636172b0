"""A W&B backend for tests: the one that the environment names, or an embedded server of the test's own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rarebeat.server import daemon

QUIET = {
    "WANDB_ERROR_REPORTING": "false",
    # The client posts at most every 15 s by default; tests do not wait that long.
    "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
}

# A shell that runs the tests in the background lets them ignore Ctrl-C, and what they start would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Backend:
    """Where the backend is, and the environment of a client that talks to it alone."""

    url: str
    key: str
    home: Path

    @property
    def env(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
        return {
            **inherited,
            **QUIET,
            "HOME": str(self.home),
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": self.key,
        }


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """`WANDB_BASE_URL` and `WANDB_API_KEY` where they are set, else an embedded server, no validator."""
    home = tmp_path_factory.mktemp("home")
    if "WANDB_BASE_URL" in os.environ:
        yield Backend(os.environ["WANDB_BASE_URL"], os.environ["WANDB_API_KEY"], home)
        return
    directory = tmp_path_factory.mktemp("server")
    server = daemon.start(directory)
    yield Backend(server.url, server.key, home)
    daemon.stop(directory)
