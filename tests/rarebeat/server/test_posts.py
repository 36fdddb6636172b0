"""Many posts at once: each is kept whole or refused, whatever the others are."""

import asyncio
import json

import pytest

from rarebeat.server.branches import rewind
from rarebeat.server.errors import NotFound, RequestError
from rarebeat.server.file_stream import receive
from rarebeat.server.posts import LARGE, Posts
from rarebeat.server.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "tracking.db")
    db = store.connection
    db.execute("INSERT INTO projects (id, entity, name, created_at) VALUES (1, 'local', 'p', 0)")
    for name in ("a", "b"):
        db.execute(
            "INSERT INTO runs (project_id, name, state, created_at, heartbeat_at) "
            "VALUES (1, ?, 'running', 0, 0)",
            (name,),
        )
    return store


def history(offset, *rows):
    return json.dumps({"files": {"wandb-history.jsonl": {"offset": offset, "content": list(rows)}}}).encode()


def received(store, *posts):
    """What came of posts (run, body) that arrived together."""

    async def all_at_once():
        posted = Posts(store)
        waiting = [posted.receive(("local", "p", run), body, 1.0) for run, body in posts]
        return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(all_at_once())


def lines(store, run):
    query = "SELECT body FROM lines JOIN runs ON runs.id = run_id WHERE name = ? ORDER BY number"
    return [json.loads(row["body"]) for row in store.connection.execute(query, (run,))]


def test_a_process_of_a_shared_run_that_was_rewound_starts_anew(store):
    def post(*rows):
        receive(store, "local", "p", "a", history(0, *rows), 1.0, "worker")

    post('{"a": 1, "_step": 0}', '{"a": 2, "_step": 1}', '{"a": 3, "_step": 2}')
    run = store.connection.execute("SELECT * FROM runs WHERE name = 'a'").fetchone()
    with store.write() as db:
        rewind(db, run, 0, 2.0)
    post('{"a": 20, "_step": 1}')
    assert [line["a"] for line in lines(store, "a")] == [1, 20]


def test_a_broken_post_spoils_none_that_came_with_it(store):
    kept, broken, missing, also_kept = received(
        store,
        ("a", history(0, '{"loss": 1}')),
        ("a", history(1, '{"loss": 2}', "{")),
        ("nobody", history(0, '{"loss": 3}')),
        ("b", history(0, '{"loss": 4}')),
    )
    assert kept == also_kept == {"exitcode": None, "limits": {}, "stopped": False}
    assert isinstance(broken, RequestError) and isinstance(missing, NotFound)
    assert lines(store, "a") == [{"loss": 1}] and lines(store, "b") == [{"loss": 4}]


def test_posts_of_one_run_are_kept_in_the_order_in_which_they_came(store):
    posts = [("a", history(0, json.dumps({"loss": number}))) for number in range(200)]
    assert len(received(store, *posts)) == 200
    assert lines(store, "a") == [{"loss": 199}]


def test_a_large_post_is_kept_beside_the_others(store):
    large = history(0, json.dumps({"text": "x" * LARGE}))
    assert [type(answer) for answer in received(store, ("a", large), ("b", history(0, "{}")))] == [dict, dict]
    assert len(lines(store, "a")[0]["text"]) == LARGE


def test_where_the_storage_fails_every_post_is_told(store, monkeypatch):
    monkeypatch.setattr("rarebeat.server.store.BUSY_SECONDS", 0.1)
    other = Store(store._path)
    with other.write():
        answers = received(store, ("a", history(0, "{}")), ("b", history(0, "{}")))
    assert all("locked" in str(answer) for answer in answers)
    assert lines(store, "a") == lines(store, "b") == []
