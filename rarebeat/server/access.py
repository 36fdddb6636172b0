"""Who may speak to the server, checked before anything else is looked at."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

SIGNED = "/storage/"  # the signature in the URL is the right to use it
OPEN = ("/healthz",)
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")  # what proxies say of whom they speak for
ELSEWHERE = "start it with --host or, behind a proxy, with --demand-key"
RIGHT_KEY = "set WANDB_API_KEY to one from `rarebeat up` or `rarebeat keys add`"


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether this name or address can only mean this machine."""
    host = host.strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """On loopback anyone on the machine, but no foreign web page; beyond it whoever has a key.

    Args:
        key: The directory's key, its owner's.
        demand_key: Whether a key is demanded.
        name_of: Whose key another one is; None for nobody's.
    """

    def __init__(
        self, key: str, demand_key: bool, name_of: Callable[[bytes], str | None] = lambda key: None
    ) -> None:
        self._key, self._demand_key, self._name_of = key.encode(), demand_key, name_of

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that is not allowed; None to one that is, which then knows its user.

        The user is the name of the key, None for the owner and for those who need no key.
        """
        request.state.user = None
        host = request.headers.get("host", "")
        # A page from elsewhere must neither post here nor read here under a name of its own (DNS rebinding).
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return _answer(403, "requests from other origins are refused")
        # Not `request.url`, which is put together from what the Host header says.
        path = request.scope["path"]
        if path in OPEN or path.startswith(SIGNED):
            return None
        from_here = is_loopback(_name(host)) and not any(name in request.headers for name in FORWARDED)
        if not self._demand_key and not from_here:
            return _answer(403, f"this server answers to this machine alone: {ELSEWHERE}")
        key = _given_key(request)
        if hmac.compare_digest(key, self._key):
            return None
        try:
            request.state.user = self._name_of(key) if key else None
        except sqlite3.Error:
            # Not 401, which the client takes for good.
            return _answer(503, "the server's storage cannot be used at the moment")
        if request.state.user is not None or not self._demand_key:
            return None
        return _answer(401, f"the key is missing or wrong: {RIGHT_KEY}")


@lru_cache(maxsize=256)
def _name(host: str) -> str:
    """The name in a Host header, empty where it holds none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _given_key(request: Request) -> bytes:
    """The password of HTTP Basic, as the client sends it: base64("api:" + key)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        _, _, key = base64.b64decode(value, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return b""
    return key if scheme.lower() == "basic" else b""


def _answer(status: int, message: str) -> JSONResponse:
    headers = {"WWW-Authenticate": 'Basic realm="rarebeat"'} if status == 401 else {}
    return JSONResponse({"errors": [{"message": message}], "data": None}, status, headers)
