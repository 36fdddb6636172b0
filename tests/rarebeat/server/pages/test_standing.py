"""Places, ties and orders of a sweep's runs, from rows in a database."""

from __future__ import annotations

import json

import pytest

from rarebeat.server.pages.columns import family, numbers_in, searched, sql_of
from rarebeat.server.pages.standing import standing
from rarebeat.server.store import Store

CONFIG = {"metric": {"name": "best/auprc", "goal": "maximize"}}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "tracking.db")
    db = store.connection
    db.execute("INSERT INTO projects (id, entity, name, created_at) VALUES (1, 'local', 'p', 0)")
    db.execute(
        """INSERT INTO sweeps (id, project_id, name, state, config_yaml, config_json, seed,
                               created_at, updated_at)
           VALUES (1, 1, 's', 'RUNNING', '', '{}', 1, 0, 0)"""
    )
    return store


def _add(store, name, state="finished", **summary):
    store.connection.execute(
        "INSERT INTO runs (project_id, name, state, sweep_id, summary_json, created_at, heartbeat_at)"
        " VALUES (1, ?, ?, 1, ?, 0, 0)",
        (name, state, json.dumps(summary)),
    )


def _places(found):
    return {entry.name: found.places.get(entry.row) for entry in found.entries}


def _doubted(value, low, high, tied):
    return {"best/auprc": value, "leaderboard/low": low, "leaderboard/high": high, "leaderboard/tied": tied}


def test_runs_are_placed_by_the_goal_and_only_when_they_are_over(store):
    for name, state, value in (("a", "finished", 0.5), ("b", "running", 0.9), ("c", "killed", 0.7)):
        _add(store, name, state, **{"best/auprc": value})
    _add(store, "d", "failed", **{"best/auprc": 0.8})
    _add(store, "e")
    found = standing(store.connection, 1, CONFIG)
    assert _places(found) == {"a": 2, "b": None, "c": 1, "d": None, "e": None}
    lowest = standing(store.connection, 1, {"metric": {"name": "best/auprc", "goal": "minimize"}})
    assert lowest.best.name == "a"


def test_a_run_that_was_stopped_between_its_folds_has_no_place(store):
    _add(store, "a", "finished", **{"best/auprc": 0.5, "fold": 2})
    _add(store, "b", "killed", **{"best/auprc": 0.9, "fold": 0})
    _add(store, "c", "killed", **{"best/auprc": 0.4})
    assert _places(standing(store.connection, 1, CONFIG)) == {"a": 1, "b": None, "c": 2}


def test_runs_that_go_on_are_not_done(store):
    for state in ("finished", "failed", "killed", "running", "pending", "preempted"):
        _add(store, state, state)
    assert standing(store.connection, 1, CONFIG).done == 3


def test_runs_that_are_tied_with_the_first_share_its_place(store):
    _add(store, "a", **_doubted(0.71, 0.62, 0.80, True))
    _add(store, "b", **_doubted(0.69, 0.60, 0.78, True))
    _add(store, "c", **_doubted(0.40, 0.30, 0.50, False))
    found = standing(store.connection, 1, CONFIG)
    assert found.ties and not found.outdated
    assert _places(found) == {"a": 1, "b": 1, "c": 3}


def test_ties_with_an_earlier_first_are_not_told_as_ties_with_a_later_one(store):
    _add(store, "a", **_doubted(0.71, 0.62, 0.80, True))
    _add(store, "b", **_doubted(0.69, 0.60, 0.78, True))
    _add(store, "new", **{"best/auprc": 0.9})
    found = standing(store.connection, 1, CONFIG)
    assert found.outdated and not found.ties
    assert _places(found) == {"a": 2, "b": 3, "new": 1}


def test_equal_values_have_equal_places(store):
    for name, value in (("a", 0.5), ("b", 0.5), ("c", 0.4)):
        _add(store, name, **{"best/auprc": value})
    assert _places(standing(store.connection, 1, CONFIG)) == {"a": 1, "b": 1, "c": 3}


def test_values_are_read_where_the_search_reads_them(store):
    _add(store, "whole", **{"best/auprc": 1})
    _add(store, "defined", **{"best/auprc": {"max": 0.8, "last": 0.2}})
    _add(store, "nan", **{"best/auprc": "NaN"})
    found = standing(store.connection, 1, CONFIG)
    assert [entry.value for entry in found.entries] == [1.0, 0.8, None]


def test_a_sweep_without_a_metric_stands_with_no_places(store):
    _add(store, "a", loss=1.0)
    found = standing(store.connection, 1, {})
    assert (found.metric, found.best, dict(found.places)) == (None, None, {})


def test_families_and_searched_parameters_are_found_by_name():
    logged = ["best/auprc/N", "best/auprc/S", "best/auroc/N", "val/auprc/N"]
    assert family("best/macro_auprc", logged) == ["best/auprc/N", "best/auprc/S"]
    parameters = {
        "loss": {"values": ["ce", "focal"]},
        "data": {"value": "x.h5"},
        "only": {"values": [1]},
        "optimizer": {"parameters": {"momentum": {"min": 0, "max": 1}}},
    }
    assert searched({"parameters": parameters}) == ["loss", "optimizer.momentum"]
    kept = {"c": {"min": 1}, "d": {"_type": "table"}, "e": {"best": 1}, "f\\": 1, "g\0": 1}
    assert numbers_in({"a": 1.0, "b": "text", "_step": 3, **kept}) == ["a", "c", "e"]


@pytest.mark.parametrize("name", ['config.a"b', 'x"', "a\\b"])
def test_a_name_that_no_path_can_hold_is_refused_not_run(name):
    with pytest.raises(Exception, match="quotes or backslashes"):
        sql_of(name)
