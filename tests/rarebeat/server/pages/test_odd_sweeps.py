"""Pages stand whatever runs, sweeps, metrics and parameters are called and hold."""

from __future__ import annotations

import itertools
import json
import time
from types import SimpleNamespace

import pytest
from starlette.datastructures import QueryParams

from rarebeat.server.pages.home import home
from rarebeat.server.pages.project import runs, sweeps
from rarebeat.server.pages.shell import Asked
from rarebeat.server.pages.sweep import sweep
from rarebeat.server.store import Store

EVIL = "</script><b>\"'&é\u202e"
NESTED = {"o": {"parameters": {"m": {"min": 0, "max": 1}}}, "l": {"values": [[1, 2], [3], None, True, "x"]}}
CONFIGS = {
    "empty": {},
    "words": {"metric": "loss", "parameters": [], "run_cap": "many", "name": 5, "description": [1]},
    "evil": {"metric": {"name": EVIL}, "parameters": {EVIL: {"values": [1, EVIL]}}},
    "nested": {"metric": {"name": "a.b", "goal": "maximize"}, "parameters": NESTED},
    "numbers": {"metric": {"name": "loss"}, "parameters": {"x": {"min": 0, "max": 1}, "y": {"values": 3}}},
}
SUMMARY = {
    EVIL: 1.0,
    "": 2,
    "a": {"b": 0.5},
    "big": 10**30,
    "e": {"max": 1.0, "min": {}},
    "h": [1, 2],
    "n": None,
}
QUERIES = (
    *("", "sort=config.x", "sort=config.o.m&order=asc", "sort=h", "sort=e", "sort=", "sort=run.nothing"),
    *("sort=a.b&show=config.l&show=&show=zz", "find=%3Cb%3E&state=running", "page=-1", "page=99999"),
    *("show=%22", "sort=config.", "sort=big&order=sideways", "state=%27", "page=x"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """All the configurations, each with a dozen runs."""
    store = Store(tmp_path_factory.mktemp("odd") / "tracking.db")
    db = store.connection
    db.execute("INSERT INTO projects (id, entity, name, created_at) VALUES (1, 'local', ?, 0)", (EVIL,))
    for number, (name, config) in enumerate(CONFIGS.items(), 1):
        db.execute(
            """INSERT INTO sweeps (id, project_id, name, state, config_yaml, config_json, seed,
                                   created_at, updated_at) VALUES (?, 1, ?, 'RUNNING', ?, ?, 1, 0, 0)""",
            (number, name, EVIL, json.dumps(config)),
        )
        db.execute(
            "INSERT INTO agents (sweep_id, host, created_at, heartbeat_at) VALUES (?, ?, 0, 0)",
            (number, EVIL),
        )
        for run in range(12):
            _add_run(db, number, run)
    importance = SimpleNamespace(answer=lambda *question: None)
    scheduler = SimpleNamespace(crash_after=90.0)
    return SimpleNamespace(store=store, scheduler=scheduler, importance=importance, clock=time.time)


def _add_run(db, sweep_row, number):
    summary = {**SUMMARY, "loss": number if number % 3 else "NaN", "_runtime": "x" if number == 2 else 1e9}
    params = {"x": number / 12, "o": {"m": number}, "l": [1, 2] if number % 2 else "x", EVIL: EVIL}
    config = {"x": {"value": 1}, "l": [1], "inactive": {"value": ["x"]} if number == 3 else 4, "_wandb": {}}
    db.execute(
        """INSERT INTO runs (project_id, name, state, sweep_id, params_json, config_json, summary_json,
                             display_name, created_at, heartbeat_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0, 0)""",
        (
            f"r{sweep_row} {number}{EVIL}",
            ("finished", "running", "unheard of")[number % 3],
            sweep_row,
            None if number == 5 else json.dumps(params),
            json.dumps(config),
            json.dumps(summary),
            EVIL if number % 2 else None,
        ),
    )


def _shown(server, view, query="", **names):
    """The markup of a page."""
    page = view(Asked(server, names, QueryParams(query), "http://127.0.0.1:1", time.time()))
    return "".join([page.beside, *page.body])


@pytest.mark.parametrize("name", CONFIGS)
def test_a_sweep_is_shown_in_every_order_with_everything_escaped(server, name):
    for query in QUERIES:
        markup = _shown(server, sweep, query, entity="local", project=EVIL, sweep=name)
        assert "leaderboard" in markup, query
        assert "<b>" not in markup and "</script" not in markup, query


def test_a_page_after_the_last_does_not_say_that_nothing_is_here_yet(server):
    markup = _shown(server, home, "page=9")
    assert "No project is here" in markup and "Nothing here yet" not in markup


def test_lists_of_them_are_shown_with_everything_escaped(server):
    names = {"entity": "local", "project": EVIL}
    pages = [_shown(server, home)]
    pages += [_shown(server, *asked, **names) for asked in itertools.product((runs, sweeps), QUERIES)]
    assert not any("<b>" in markup or "</script" in markup for markup in pages)
