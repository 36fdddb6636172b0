"""A run that somebody looks at, and where its pages lie."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from rarebeat.server.metric_names import leaves
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import find_run
from rarebeat.server.pages.markup import address
from rarebeat.server.pages.shell import Asked
from rarebeat.server.store import Row


@dataclass(frozen=True)
class Opened:
    """The run's row, and what its page was asked for."""

    asked: Asked
    row: Row

    @property
    def db(self) -> sqlite3.Connection:
        return self.asked.server.store.connection

    @property
    def path(self) -> tuple[str, ...]:
        return (*self.asked.path, "runs", self.row["name"])

    @property
    def query(self) -> Mapping[str, str]:
        return self.asked.query

    def whole(self, name: str) -> int | None:
        """The whole number that the address gives under this name, if it gives one."""
        given = self.query.get(name, "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The last value of everything that was logged, by its path, without the client's own."""
        stored = json.loads(self.row["summary_json"]).items()
        return dict(leaf for key, value in stored if key != "_wandb" for leaf in leaves(key, value))

    @cached_property
    def config(self) -> dict[str, Any]:
        """What the run was given, without the client's own."""
        stored = json.loads(self.row["config_json"])
        return {key: _value(given) for key, given in stored.items() if key != "_wandb"}

    @cached_property
    def client(self) -> dict[str, Any]:
        """What the client keeps in the configuration for itself: its version, the charts that were made."""
        own = _value(json.loads(self.row["config_json"]).get("_wandb"))
        return own if isinstance(own, dict) else {}

    def at(self, tab: str = "", **changed: str | None) -> str:
        """The address of a part of the run with the present query, but for what is changed; None drops it."""
        query = {key: value for key, value in {**self.query, **changed}.items() if value}
        path = address(*self.path, *([tab] if tab else []))
        return f"{path}?{urlencode(query)}" if query else path


def open_run(asked: Asked) -> Opened | None:
    db = asked.server.store.connection
    project = find_project(db, asked.names["entity"], asked.names["project"])
    row = find_run(db, project["id"], asked.names["run"]) if project else None
    return Opened(asked, row) if row else None


def _value(given: Any) -> Any:
    return given.get("value") if isinstance(given, dict) else given
