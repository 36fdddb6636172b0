"""What stands above a run's charts: how it ended, its place, what was chosen for it; and its alerts."""

from __future__ import annotations

import json
import re
from html import unescape
from types import SimpleNamespace

import pytest

from rarebeat.server.context import Context
from rarebeat.server.graphql import execute, parse_document
from rarebeat.server.operations import RESOLVERS
from rarebeat.server.operations.alerts import alerts_of
from rarebeat.server.pages.amounts import duration, size, written
from rarebeat.server.pages.run.console import plain
from rarebeat.server.pages.run.head import page
from rarebeat.server.pages.run.opened import open_run
from rarebeat.server.pages.run.tabs import TABS
from rarebeat.server.pages.shell import Asked
from rarebeat.server.store import Store

SWEEP = {
    "metric": {"name": "best/auprc", "goal": "maximize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "epochs": {"value": 3}},
}


@pytest.fixture
def server(tmp_path):
    store = Store(tmp_path / "tracking.db")
    with store.write() as db:
        db.execute("INSERT INTO projects (entity, name, created_at) VALUES ('local', 'p', 0)")
        db.execute(
            "INSERT INTO sweeps (project_id, name, state, config_yaml, config_json, seed, created_at,"
            " updated_at) VALUES (1, 's', 'RUNNING', '', ?, 0, 0, 0)",
            (json.dumps(SWEEP),),
        )
    served = SimpleNamespace(store=store, now=1000.0)
    served.clock = lambda: served.now
    return served


def add_run(server, name, **columns):
    given = {"project_id": 1, "name": name, "state": "finished", "created_at": 0.0, "heartbeat_at": 90.0}
    given |= columns
    with server.store.write() as db:
        marks = ",".join("?" * len(given))
        db.execute(f"INSERT INTO runs ({','.join(given)}) VALUES ({marks})", tuple(given.values()))


def about(server, name):
    """The words above the charts."""
    names = {"entity": "local", "project": "p", "run": name}
    head = page(open_run(Asked(server, names, {}, "http://here", 0.0)), TABS["workspace"]).body[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", head)))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"state": "failed", "exit_code": 3}, "It ended with exit code 3."),
        ({"state": "failed"}, "It ended without an exit code."),
        ({"state": "crashed"}, "It fell silent without a last word"),
        ({"state": "killed", "stop_reason": "early_terminate"}, "The sweep stopped it early"),
        ({"state": "killed", "stop_reason": "user"}, "It was stopped by somebody."),
        ({"state": "preempted"}, "Its machine was wanted for something else"),
        ({"state": "running", "stop_requested": 1}, "It has been asked to stop."),
    ],
)
def test_a_run_says_why_it_ended(server, columns, words):
    add_run(server, "r", **columns)
    assert words in about(server, "r")


def test_a_run_of_a_sweep_says_its_place_and_what_was_chosen_for_it(server):
    for name, value in [("a", 0.5), ("b", 0.75), ("c", 0.25)]:
        summary = json.dumps({"best/auprc": value, "_runtime": 4800})
        params = json.dumps({"lr": value / 10, "epochs": 3})
        add_run(server, name, sweep_id=1, summary_json=summary, params_json=params)
    said = about(server, "a")
    assert "rank 2 of 3: best/auprc 0.5" in said
    assert "Chosen by the sweep lr 0.05" in said
    assert "epochs" not in said, "what a sweep does not search it has not chosen"
    assert "lasted 1 h 20 min" in said


def alert(server, title, wait):
    document = parse_document(
        """mutation ($title: String!, $wait: Duration) { notifyScriptableRunAlert(input: {entityName: "local",
           projectName: "p", runName: "r", title: $title, text: "", severity: WARN, waitDuration: $wait})
           { success } }"""
    )
    variables = {"title": title, "wait": wait}
    return execute(RESOLVERS, document, variables, Context(server, "http://here"), None, lambda *_: None)


def test_alerts_of_one_title_come_no_more_often_than_their_run_wants(server):
    add_run(server, "r", state="running")
    for now, title in [(1000.0, "a"), (1030.0, "a"), (1030.0, "b"), (1061.0, "a")]:
        server.now = now
        alert(server, title, 60_000)
    found = [(row["title"], row["created_at"]) for row in alerts_of(server.store.connection, 1, 10)]
    assert found == [("a", 1061.0), ("b", 1030.0), ("a", 1000.0)]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[1;32mok\x1b[0m", "ok"),
        ("10%\r50%\r100%\r\n", "100%"),
        ("\x1b]0;title\x07words\x1b[K", "words"),
        ("tab\tand \x07bell", "tab\tand bell"),
    ],
)
def test_a_console_line_is_shown_as_it_stood_in_the_terminal_at_the_end(line, shown):
    assert plain(line) == shown


def test_amounts_are_written_as_one_says_them():
    numbers = [written(v) for v in (0.123456, 12345.6, float("nan"), float("-inf"))]
    assert numbers == ["0.1235", "12,346", "NaN", "-∞"]
    assert [size(v) for v in (0, 999, 1500, 2_500_000)] == ["0 B", "999 B", "1.5 kB", "2.5 MB"]
    assert [duration(v) for v in (0.4, 61, 90_000)] == ["0 s", "1 min 1 s", "1 d 1 h"]
