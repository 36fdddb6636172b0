import json
import sqlite3
import time

import pytest

from rarebeat.server import filters
from rarebeat.server.errors import RequestError
from rarebeat.server.store import Store

RUNS = [
    # name, state, tags, config, summary, created_at
    (
        "a",
        "finished",
        ["x"],
        {"lr": {"value": 0.1}, "net": {"value": {"depth": 2}}},
        {"val/auc": 0.9, "loss": 1},
        100,
    ),
    ("b", "crashed", ["x", "y"], {"lr": {"value": 0.2}}, {"val/auc": "NaN", "loss": 3}, 200),
    ("c", "finished", [], {"lr": {"value": 0.3}}, {"loss": 2, "deep": {"er": 5}}, 300),
]


@pytest.fixture
def db(tmp_path) -> sqlite3.Connection:
    db = Store(tmp_path / "tracking.db").connection
    db.execute("INSERT INTO projects VALUES (1, 'local', 'p', NULL, 0)")
    db.execute(
        "INSERT INTO sweeps (id, project_id, name, state, config_yaml, config_json, seed, created_at, "
        "updated_at) VALUES (1, 1, 'sw', 'RUNNING', '', '{}', 0, 0, 0)"
    )
    for name, state, tags, config, summary, created in RUNS:
        db.execute(
            "INSERT INTO runs (project_id, name, state, tags_json, config_json, summary_json, sweep_id, "
            "created_at, heartbeat_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                name,
                state,
                json.dumps(tags),
                json.dumps(config),
                json.dumps(summary),
                1 if name == "a" else None,
                created,
            ),
        )
    return db


def found(db, conditions=None, order=None):
    where, values = filters.where(conditions)
    by, more = filters.order_by(order)
    query = f"SELECT name FROM runs WHERE {where} ORDER BY {by}"
    return "".join(row["name"] for row in db.execute(query, values + more))


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({}, "abc"),
        ({"state": "finished"}, "ac"),
        ({"state": {"$ne": "finished"}}, "b"),
        ({"$or": [{"name": "a"}, {"name": "c"}]}, "ac"),
        ({"$and": [{"sweep": "sw"}]}, "a"),
        ({"sweep": {"$ne": "sw"}}, "bc"),
        ({"config.lr": {"$gte": 0.2}}, "bc"),
        ({"config.lr.value": 0.1}, "a"),
        ({"config.net.depth": 2}, "a"),
        ({"config.net.value.depth": 2}, "a"),
        ({"summary_metrics.val/auc": {"$gt": 0.5}}, "a"),
        ({"summary_metrics.deep.er": 5}, "c"),
        ({"summary_metrics.val/auc": {"$exists": False}}, "c"),
        ({"name": {"$in": ["a", "b"]}}, "ab"),
        ({"config.lr": {"$nin": [0.1]}}, "bc"),
        ({"name": {"$regex": "^[bc]$"}}, "bc"),
        ({"tags": "x"}, "ab"),
        ({"tags": {"$in": ["y", "z"]}}, "b"),
        ({"tags": {"$nin": ["y"]}}, "ac"),
        ({"tags": {"$ne": "x"}}, "c"),
        ({"tags": {"$exists": True}}, "ab"),
        ({"tags": {"$exists": False}}, "c"),
        ({"created_at": {"$gt": "1970-01-01T00:02:00Z"}}, "bc"),
        ({"$not": {"name": "a"}}, "bc"),
    ],
)
def test_a_filter_finds_what_wandb_would(db, conditions, names):
    assert found(db, conditions) == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (None, "abc"),
        ("-created_at", "cba"),
        ("+summary_metrics.loss", "acb"),
        ("-summary_metrics.loss", "bca"),
        # A number first, then NaN, which is a text, then the run that never logged it: either way round.
        ("-summary_metrics.val/auc", "abc"),
        ("+summary_metrics.val/auc", "abc"),
        ("-state,+config.lr", "acb"),
        ("-name", "cba"),
    ],
)
def test_an_order_puts_numbers_first_and_nothing_last(db, order, names):
    assert found(db, order=order) == names


@pytest.mark.parametrize(
    "conditions",
    [
        [],
        "x",
        {"evil; DROP TABLE runs": 1},
        {"name": {"$where": "1"}},
        {'config.a"b': 1},
        {"$or": {}},
        {"name": {"$in": 3}},
        {"name": {"$regex": "("}},
        {"created_at": {"$gt": "soon"}},
        {"name": ["a"]},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_with_a_sentence(db, conditions):
    if conditions == []:
        assert found(db, conditions) == "abc"
        return
    with pytest.raises(RequestError):
        filters.where(conditions)


def test_a_pattern_that_takes_other_engines_for_ever_is_done_at_once(db):
    db.execute("UPDATE runs SET notes = ?", ("a" * 100_000 + "!",))
    began = time.process_time()
    assert found(db, {"notes": {"$regex": "(a+)+$"}}) == ""
    assert found(db, {"notes": {"$regex": "(a|a)*(a|aa)+!$"}}) == "abc"
    assert time.process_time() - began < 1  # Python's own engine needs longer than the sun has left


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "((a{1,99}){1,99}){1,99}", "\ud800", "x" * 201])
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused_with_a_sentence(db, pattern):
    with pytest.raises(RequestError, match="regular expression"):
        filters.where({"name": {"$regex": pattern}})
