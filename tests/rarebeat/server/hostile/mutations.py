"""Requests that no client sends, each made from one that a client has sent."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from tests.rarebeat.server.hostile.recording import Request
from tests.rarebeat.server.hostile.values import BOMB, HEADERS, METHODS, RAW, SEGMENTS, VALUES

RUNS = 'project(name: "fuzz") { runs { edges { node { project { runs { edges { node { id } } } } } } } }'


class Mutator:
    """Makes hostile requests from recorded ones.

    Args:
        recorded: What the client sent.
        routes: (path with {names}, methods) of all endpoints of the server.
        rng: Decides everything.
    """

    def __init__(
        self, recorded: Sequence[Request], routes: Sequence[tuple[str, str]], rng: random.Random
    ) -> None:
        self._rng, self._routes = rng, routes
        by_kind = {_kind(request): request for request in recorded}
        self._seeds = list(by_kind.values())
        self._documents = [json.loads(one.body)["query"] for one in self._seeds if one.path == "/graphql"]
        self._words = sorted({word for text in self._documents for word in re.findall(r"\w+", text)})
        sweeps = [re.search(rb'"sweep": ?"(\w+)"', one.body) for one in self._seeds]
        self._sweep = next(found[1].decode() for found in sweeps if found)
        self._values = VALUES + [value for one in self._seeds for value in _leaves(one.body)][:500]

    def request(self) -> Request:
        if self._rng.random() < 0.2:
            return self._address()
        request = self._rng.choice(self._seeds)
        for _ in range(self._rng.choice([1, 1, 1, 2, 3])):
            often = [self._json] * 4 + [self._document] * 3
            change = self._rng.choice([*often, self._bytes, self._headers, self._path, self._method])
            request = change(request)
        return request

    def _address(self) -> Request:
        """Any endpoint with anything where its names stand."""
        path, method = self._rng.choice(self._routes)
        right = {"entity": "local", "project": "fuzz", "run": "recorded", "sweep": self._sweep}

        def name(found: re.Match[str]) -> str:
            given = right.get(found[1]) if self._rng.random() < 0.7 else None
            return given or self._rng.choice([*SEGMENTS, quote(str(self._value())[:100])])

        path = re.sub(r"\{(\w+)[^}]*\}", name, path)
        if self._rng.random() < 0.5:
            asked = "&".join(f"{self._word()}={quote(str(self._value())[:300])}" for _ in range(3))
            path += f"?{asked}"
        body = self._rng.choice([b"", b"x" * 1000, b"a=b&state=%ff", b"{}"]) if method != "GET" else b""
        return self._headers(Request(method, path, (), body))

    def _json(self, request: Request) -> Request:
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            return self._bytes(request)
        body = self._within(body, 0)
        text = json.dumps(body, ensure_ascii=self._rng.random() < 0.5)
        text = re.sub(r'"@raw(\d+)@"', lambda found: RAW[int(found[1])], text)
        return _with(request, body=text.encode("utf-8", "surrogatepass"))

    def _within(self, value: Any, depth: int) -> Any:
        """The value with one place in it changed; texts that hold JSON are opened."""
        rng = self._rng
        if isinstance(value, str) and value[:1] in ("{", "[") and rng.random() < 0.8:
            try:
                return re.sub(r'"@raw(\d+)@"', lambda found: RAW[int(found[1])],
                              json.dumps(self._within(json.loads(value), depth)))  # fmt: skip
            except (ValueError, RecursionError):
                pass
        if isinstance(value, (dict, list)) and value and rng.random() < 0.9:
            places = list(value) if isinstance(value, dict) else range(len(value))
            changed = value.copy()
            place = rng.choice(list(places))
            if depth > 0 and rng.random() < 0.1:
                del changed[place]
            elif isinstance(value, dict) and rng.random() < 0.1:
                changed[self._word()] = self._value()
            else:
                changed[place] = self._within(value[place], depth + 1)
            return changed
        return self._value()

    def _document(self, request: Request) -> Request:
        if request.path != "/graphql":
            return self._bytes(request)
        try:
            posted = json.loads(request.body)
            text = posted["query"]
            change = self._rng.choice(
                [self._word_changed, self._grafted, self._aliases, self._cycle, self._deep]
            )
            posted["query"] = change(text)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return self._bytes(request)
        return _with(request, body=json.dumps(posted).encode())

    def _word_changed(self, text: str) -> str:
        found = self._rng.choice(list(re.finditer(r"\w+", text)))
        return text[: found.start()] + self._word() + text[found.end() :]

    def _grafted(self, text: str) -> str:
        """With what another document selects in place of what this one does."""
        other = self._rng.choice(self._documents)
        first, last = self._rng.choice(_braces(other))
        start, end = self._rng.choice(_braces(text))
        return text[:start] + other[first:last] + text[end:]

    def _aliases(self, text: str) -> str:
        """The same selection many times under other names."""
        found = self._rng.choice(list(re.finditer(r"\{\s*(\w+)", text)))
        many = " ".join(f"a{number}: {found[1]}" for number in range(self._rng.choice([3, 60, 700])))
        return text[: found.start(1)] + many + text[found.end(1) :]

    def _cycle(self, text: str) -> str:
        place = self._rng.choice([found.end() for found in re.finditer(r"\{", text)])
        on = self._rng.choice(["Run", "Query", "Project", "Artifact", "Nonsense"])
        inside = self._rng.choice([" ...F ", " project { ...F } ", " ...G ...G ", f" {RUNS} "])
        loop = (
            f"fragment F on {on} {{{inside}}} fragment G on {on} {{ ...H ...H }} fragment H on {on} {{ id }}"
        )
        return text[:place] + " ...F " + text[place:] + loop

    def _deep(self, text: str) -> str:
        place = self._rng.choice([found.end() for found in re.finditer(r"\{", text)])
        word, levels = self._word(), self._rng.choice([5, 45, 400, 3000])
        return text[:place] + f" {word} {{" * levels + " id " + "}" * levels + text[place:]

    def _bytes(self, request: Request) -> Request:
        body, rng = bytearray(request.body[:200_000]), self._rng
        if not body or rng.random() < 0.1:
            made = [
                b"",
                b"\xff\xfe\x00",
                b"[" * 50_000,
                b"{" * 50_000,
                b"null",
                b"[]",
                b"\xef\xbb\xbf{}",
                BOMB[:20_000],
            ]
            return _with(request, body=rng.choice(made))
        for _ in range(rng.choice([1, 1, 4, 30])):
            at = rng.randrange(len(body) or 1)
            piece = rng.choice(
                [b"", bytes([rng.randrange(256)]), b'"', b"\\", b"}", b"[", b"\\u0000", b"\xed\xa0\x80"]
            )
            body[at : at + rng.choice([0, 1, 1, 20])] = piece
        if rng.random() < 0.2:
            del body[rng.randrange(len(body) or 1) :]
        return _with(request, body=bytes(body))

    def _headers(self, request: Request) -> Request:
        extra = tuple(self._rng.choice(HEADERS) for _ in range(self._rng.choice([0, 1, 2, 5])))
        if self._rng.random() < 0.03:
            bomb = (*request.headers, ("Content-Encoding", "gzip"))
            return Request(request.method, request.path, bomb, BOMB)
        return Request(request.method, request.path, request.headers + extra, request.body)

    def _path(self, request: Request) -> Request:
        parts = request.path.split("/")
        at, kind = self._rng.randrange(len(parts)), self._rng.random()
        if kind < 0.4:
            parts[at] = self._rng.choice(SEGMENTS)
        elif kind < 0.8 and parts[at]:
            place = self._rng.randrange(len(parts[at]))
            parts[at] = parts[at][:place] + self._rng.choice("aA0-_.%/?") + parts[at][place + 1 :]
        else:
            parts.insert(at, self._rng.choice(SEGMENTS))
        return _with(request, path="/".join(parts) or "/")

    def _method(self, request: Request) -> Request:
        return Request(self._rng.choice(METHODS), request.path, request.headers, request.body)

    def _value(self) -> Any:
        if self._rng.random() < 0.2:
            return f"@raw{self._rng.randrange(len(RAW))}@"
        return self._rng.choice(self._values)

    def _word(self) -> str:
        return self._rng.choice(self._words)


def _with(request: Request, path: str | None = None, body: bytes | None = None) -> Request:
    return Request(
        request.method,
        request.path if path is None else path,
        request.headers,
        request.body if body is None else body,
    )


def _kind(request: Request) -> tuple[str, ...]:
    """What tells requests apart that a client sends for different ends."""
    if request.path == "/graphql":
        return ("graphql", json.loads(request.body)["query"])
    if request.path.endswith("file_stream"):
        return (
            "post",
            *sorted(json.loads(request.body).get("files") or {}),
            str(b"exitcode" in request.body),
        )
    return (request.method, request.path.split("/")[1], str(len(request.body) > 0))


def _braces(text: str) -> list[tuple[int, int]]:
    """Where each {...} begins and ends."""
    found, open_at = [], []
    for place, letter in enumerate(text):
        if letter == "{":
            open_at.append(place)
        elif letter == "}" and open_at:
            found.append((open_at.pop(), place + 1))
    return found


def _leaves(body: bytes) -> Iterator[Any]:
    """The plain values of a JSON body, and of the JSON in its texts."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    yield from _plain(value)


def _plain(value: Any) -> Iterator[Any]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            yield from _plain(json.loads(value))
            return
        except (ValueError, RecursionError):
            pass
    if isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _plain(member)
    elif not (isinstance(value, str) and len(value) > 300):
        yield value
