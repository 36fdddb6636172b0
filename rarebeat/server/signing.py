"""URLs for bytes: signed and expiring, because the client sends no key when it puts or gets a file."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from rarebeat.server.errors import Refused

HOUR = 3600.0
LIFETIME = 24 * HOUR


class Signer:
    """Makes and reads the tokens in file URLs.

    Args:
        key: The directory's secret; the signing key is derived from it.
        clock: Seconds since 1970.
    """

    def __init__(self, key: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(b"rarebeat file urls\0" + key.encode()).digest()
        self._clock = clock

    def sign(self, **claim: Any) -> str:
        """A token, safe in a URL, that says `claim` for `LIFETIME` seconds or up to an hour less: within an
        hour the same claim has the same URL, so that a page that is asked for again is the same page."""
        until = int((self._clock() + LIFETIME) // HOUR * HOUR)
        body = json.dumps({**claim, "until": until}, separators=(",", ":"))
        text = _encode(body.encode())
        return f"{text}.{_encode(self._mac(text))}"

    def read(self, token: str, action: str) -> dict[str, Any]:
        """The claim of a token for `action`.

        Raises:
            Refused: when it was not signed here, is for something else, or has expired.
        """
        text, _, mac = token.partition(".")
        if not hmac.compare_digest(_encode(self._mac(text)).encode(), mac.encode()):
            raise Refused("this URL was not signed by this server")
        claim = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if claim.get("action") != action:
            raise Refused("this URL is for something else")
        if claim["until"] < self._clock():
            raise Refused("this URL has expired; ask for a new one")
        return claim

    def _mac(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
