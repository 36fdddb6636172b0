"""Who may speak to the server, checked before anything else is looked at."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

SIGNED = "/storage/"  # the signature in the URL is the right to use it
OPEN = ("/healthz",)


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
    """On loopback anyone on the machine, but no foreign web page; beyond it whoever has the key.

    Args:
        key: The directory's key.
        demand_key: Whether it is demanded.
    """

    def __init__(self, key: str, demand_key: bool) -> None:
        self._key, self._demand_key = key.encode(), demand_key

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that is not allowed; None to one that is."""
        host = request.headers.get("host", "")
        # A page from elsewhere must neither post here nor read here under a name of its own (DNS rebinding).
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return _answer(403, "requests from other origins are refused")
        if request.url.path in OPEN or request.url.path.startswith(SIGNED):
            return None
        if not self._demand_key:
            ours = is_loopback(_name(host))
            return None if ours else _answer(403, "this server answers to this machine alone")
        if hmac.compare_digest(_given_key(request), self._key):
            return None
        return _answer(
            401, "the key is missing or wrong: set WANDB_API_KEY to the one that `rarebeat up` printed"
        )


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
