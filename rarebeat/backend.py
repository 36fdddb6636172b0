"""Which W&B server the commands talk to, and the vendor's own client connected to it.

The order is the client's: `WANDB_BASE_URL`, then `wandb/settings`, then W&B's cloud when a key for it is
known. Where nothing of that is there, the embedded server of the working folder is taken if it runs.
"""

from __future__ import annotations

import contextlib
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from data_utils.errors import BadInput
from rarebeat.server.proxies import direct

if TYPE_CHECKING:
    import wandb

DIRECTORY = Path(".rarebeat")
# A server that is there answers at once; the client itself would retry for many minutes.
PROBE_SECONDS = 5.0
# The embedded server's only entity. Saying it keeps an entity of the user's own settings file out of it.
ENTITY = "local"
# What a user may have set for the client's folders and tuning says nothing about where results go.
HARMLESS = (
    "WANDB_DIR",
    "WANDB_CACHE_DIR",
    "WANDB_DATA_DIR",
    "WANDB_ARTIFACT_DIR",
    "WANDB_AGENT_",
    "WANDB_X_",
)
QUIET = {"WANDB_ERROR_REPORTING": "false", "WANDB_DISABLE_CODE": "true"}


@dataclass(frozen=True)
class Backend:
    """A W&B server: its base URL, the key for it (None: the client finds its own), and whether it is ours."""

    url: str
    key: str | None = None
    embedded: bool = False

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """`inherited` with this server in it; for the embedded one nothing else of W&B's survives."""
        environment = {k: v for k, v in inherited.items() if not self.embedded or _harmless(k)}
        environment["WANDB_BASE_URL"] = self.url
        if self.key:
            environment["WANDB_API_KEY"] = self.key
        if self.embedded:
            environment |= {"WANDB_MODE": "online", "WANDB_ENTITY": ENTITY, **QUIET}
        return environment | (direct(self.url, environment) if _is_loopback(self.url) else {})

    def use(self) -> None:
        """Make this process's own client talk to it."""
        environment = self.environment(os.environ)
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update(environment)


def _harmless(name: str) -> bool:
    return not name.startswith("WANDB_") or name.startswith(HARMLESS)


def running_server(directory: Path = DIRECTORY) -> Backend | None:
    """The embedded server of `directory`, if it runs."""
    from rarebeat.server import daemon

    server = daemon.running(directory)
    return Backend(server.url, server.key, embedded=True) if server else None


def find_backend(directory: Path = DIRECTORY) -> Backend:
    """The configured backend. Raises `BadInput` when there is none."""
    url = configured_url()
    if url is None and _key_known(cloud_url()):
        return Backend(cloud_url())
    ours = running_server(directory)
    if ours and (url is None or _same_server(url, ours.url)):
        return Backend(ours.url, os.environ.get("WANDB_API_KEY") or ours.key)
    if url is None:
        raise BadInput(
            "no W&B server is configured: run `rarebeat up` for the embedded one, or `wandb login`"
        )
    if _key_known(url):
        return Backend(url)
    if _is_loopback(url):
        probe(url)
    raise BadInput(f"there is no key for {url}: set WANDB_API_KEY, or run `wandb login --host {url}`")


def cloud_url() -> str:
    """The base URL that the client takes when it is told nothing."""
    from wandb import Settings

    return str(Settings.model_fields["base_url"].default).rstrip("/")


def configured_url() -> str | None:
    """The base URL of the environment or the client's settings files; None for the client's own default."""
    url = _fresh_client().settings.base_url.rstrip("/")
    return None if url == cloud_url() else url


def _key_known(url: str) -> bool:
    from wandb.sdk.lib import wbauth

    with client_errors(url):
        auth = wbauth.authenticate_session(host=url, source="rarebeat", prompt=False, update_session=False)
    return auth is not None


def _same_server(one: str, other: str) -> bool:
    ports = urlsplit(one).port == urlsplit(other).port
    return one == other or (_is_loopback(one) and _is_loopback(other) and ports)


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _hint(url: str) -> str:
    return "; for the embedded server run `rarebeat up`" if _is_loopback(url) else ""


def probe(url: str, seconds: float = PROBE_SECONDS) -> None:
    """Ask `url` once; any HTTP status is an answer. Raises `BadInput` where none comes within `seconds`."""
    handlers = [urllib.request.ProxyHandler({})] if _is_loopback(url) else []
    try:
        urllib.request.build_opener(*handlers).open(url, timeout=seconds).close()
    except urllib.error.HTTPError as answer:
        answer.close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise BadInput(f"the W&B server at {url} does not answer ({reason}){_hint(url)}") from error


def connect(backend: Backend | None = None, directory: Path = DIRECTORY) -> wandb.Api:
    """The vendor's client, connected.

    Args:
        backend: where to; None takes the configured one.
        directory: the embedded server's folder.

    Raises:
        BadInput: nothing is configured, nothing answers, or the key is refused.
    """
    backend = backend or find_backend(directory)
    probe(backend.url)
    backend.use()
    _fresh_client()
    import wandb

    with client_errors(backend.url):
        return wandb.Api()


def _fresh_client() -> wandb.sdk.wandb_setup._WandbSetup:
    """The client with its settings read anew from files and environment, and silent."""
    import wandb

    silent = wandb.Settings(silent=True)
    # It speaks while it reads its settings, before it has read that it should not.
    wandb.termsetup(silent, None)
    wandb.teardown()
    os.environ.pop("WANDB_SERVICE", None)
    return wandb.setup(silent)


@contextlib.contextmanager
def client_errors(url: str = "the W&B server") -> Iterator[None]:
    """Turn what the client raises into one sentence: exit code 2 for a refused key, else 1."""
    from requests import RequestException
    from wandb import errors
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    try:
        yield
    except errors.AuthenticationError as error:
        raise BadInput(f"{url} refuses the key: {_first_line(error)}") from error
    except (errors.Error, WandbApiFailedError, RequestException, TimeoutError, ConnectionError) as error:
        raise click.ClickException(f"{url} did not do as asked: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
