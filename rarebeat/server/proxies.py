"""Proxies that a network asks for must not be asked for a server of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

NAMES = ("NO_PROXY", "no_proxy")  # programs differ in which one they read


def direct(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What `environment` lacks for clients to reach the server at `url` without a proxy.

    Most clients know that loopback needs none. Python's `requests`, by which artifacts are downloaded, does
    not: it would hand the addresses of files to the proxy, which cannot reach them.
    """
    if not any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in environment):
        return {}
    host = urlsplit(url).hostname or ""
    given = next((environment[name] for name in reversed(NAMES) if environment.get(name)), "")
    hosts = [part.strip() for part in given.split(",") if part.strip()]
    return dict.fromkeys(NAMES, ",".join(dict.fromkeys([*hosts, host])))
