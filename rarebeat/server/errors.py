"""What a request can do wrong. The client retries 5xx and 429 for minutes, so none of these is one."""

from __future__ import annotations


class RequestError(Exception):
    """The request cannot be served, and trying again would not help."""

    status = 200

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(RequestError):
    """What it names is not there. An agent takes 404 to mean that its sweep was deleted."""

    status = 404


class Malformed(RequestError):
    """The body is not what the endpoint reads."""

    status = 400


class TooLarge(RequestError):
    """A body or a file beyond the limit."""

    status = 413


class Refused(RequestError):
    """No right to do this: a wrong key, a signature that does not fit, a foreign origin."""

    status = 403
