"""A sweep's YAML, read as the plain data that it is."""

from __future__ import annotations

import json
from typing import Any

import yaml

from rarebeat.server import strict_json
from rarebeat.server.errors import RequestError

MAX_CHARACTERS = 1024**2
# The reader's own, and what it lets through of a value that does not fit its tag, such as `!!bool maybe`.
FAULTS = (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)


def parse_config(text: str) -> dict[str, Any]:
    """The configuration as JSON-like data.

    Raises:
        RequestError: when it is not a YAML mapping, or not plain data.
    """
    if len(text) > MAX_CHARACTERS:
        raise RequestError(f"a sweep's configuration may have {MAX_CHARACTERS} characters at most")
    try:
        # A few aliases of aliases would unfold into more than any memory holds; the client writes none.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise RequestError("a sweep's configuration cannot use YAML aliases")
        config = yaml.safe_load(text)
        plain = json.loads(json.dumps(config, default=str))
    except FAULTS as error:
        raise RequestError(f"the sweep's configuration is not valid YAML: {error}") from None
    if not isinstance(plain, dict):
        raise RequestError("a sweep's configuration is a YAML mapping with method, metric and parameters")
    return strict_json.parse_object(json.dumps(plain), "the sweep's configuration")


def is_searched_outside(config: dict[str, Any]) -> bool:
    """Whether a program of the user's searches, and the server only queues what it asks for."""
    controller = config.get("controller")
    local = isinstance(controller, dict) and controller.get("type") == "local"
    return local or config.get("method") == "custom" or config.get("scheduler") is not None


def check_config(config: dict[str, Any]) -> None:
    """Raises RequestError when this server's search could not work with it."""
    if is_searched_outside(config):
        return
    from rarebeat.search import SpaceError, validate

    try:
        validate(config)
    except SpaceError as error:
        raise RequestError(str(error)) from None
