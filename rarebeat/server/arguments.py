"""What a field was given, checked where it is read: a value of the wrong kind is the client's mistake."""

from __future__ import annotations

from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.errors import RequestError

MAX_INTEGER = 2**63 - 1


class Arguments:
    """The arguments of one field, or the object given as one of them."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        """Whether it was given, and is not null."""
        return self._values.get(name) is not None

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        return self._checked(name, value, str, "text")

    def need_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise RequestError(f"{name!r} is missing or empty")
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        """Int64 may come as a number or as text."""
        value = self._values.get(name)
        if value is None:
            return default
        try:
            number = int(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or abs(number) > MAX_INTEGER:
            raise RequestError(f"{name!r} should be a whole number of 64 bits")
        return number

    def number(self, name: str) -> float | None:
        value = self._values.get(name)
        value = None if isinstance(value, bool) else value
        return self._checked(name, value, (int, float), "a number")

    def flag(self, name: str) -> bool | None:
        return self._checked(name, self._values.get(name), bool, "true or false")

    def texts(self, name: str) -> list[str] | None:
        """A list of texts; one text alone is a list of one."""
        value = self._values.get(name)
        value = [value] if isinstance(value, str) else value
        if value is not None and not (isinstance(value, list) and all(isinstance(x, str) for x in value)):
            raise RequestError(f"{name!r} should be a list of texts")
        return value

    def plain(self, name: str) -> dict[str, Any]:
        """An object as it was given, whose names are the user's own."""
        return self._checked(name, self._values.get(name), dict, "an object") or {}

    def object(self, name: str) -> Arguments:
        return Arguments(self.plain(name))

    def objects(self, name: str) -> list[Arguments]:
        value = self._values.get(name)
        value = [value] if isinstance(value, dict) else value
        if value is not None and not (isinstance(value, list) and all(isinstance(x, dict) for x in value)):
            raise RequestError(f"{name!r} should be a list of objects")
        return [Arguments(one) for one in value or ()]

    def json(self, name: str) -> Any:
        """The value of a JSONString: JSON text inside a string."""
        value = self.text(name)
        return None if value is None else strict_json.parse(value, repr(name))

    def json_object(self, name: str) -> dict[str, Any] | None:
        value = self.text(name)
        return None if value is None else strict_json.parse_object(value, repr(name))

    def _checked(self, name: str, value: Any, kind: type | tuple[type, ...], words: str) -> Any:
        if value is not None and not isinstance(value, kind):
            raise RequestError(f"{name!r} should be {words}")
        return value
