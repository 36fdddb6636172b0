"""Keys by name on a server that others reach, typed and used as people do."""

import base64
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from starlette.requests import Request

from rarebeat.server import daemon
from rarebeat.server.access import Access


@pytest.fixture(scope="module")
def beyond(tmp_path_factory):
    """A server that listens beyond loopback, for the tests of this file."""
    directory = tmp_path_factory.mktemp("shared")
    yield directory, daemon.start(directory, host="0.0.0.0")
    daemon.stop(directory)


@pytest.fixture
def shared(beyond, client):
    """That server, without any key but its owner's."""
    directory, server = beyond
    with closing(sqlite3.connect(directory / "tracking.db")) as db, db:
        db.execute("DELETE FROM keys")
    client = replace(client, env={**client.env, **server.environment})
    return SimpleNamespace(directory=directory, client=client, server=server)


def keys(served, *words):
    return served.client.run(["rarebeat", "keys", *words, "--dir", str(served.directory)])


def key_of(served, name):
    done = keys(served, "add", name)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


UPLOAD = """mutation { createRunFiles(input: {projectName: "p", runName: "r", files: ["f"]})
    { files { uploadUrl } } }"""


def ask(served, key, query, **headers):
    auth, url = ("api", key), f"{served.server.url}/graphql"
    return requests.post(url, json={"query": query}, auth=auth, headers=headers, timeout=30)


def upload_url(served, key, **headers):
    """Where to put the file of a run, as a client is told."""
    ask(served, key, 'mutation { upsertBucket(input: {name: "r", modelName: "p"}) { bucket { id } } }')
    return ask(served, key, UPLOAD, **headers).json()["data"]["createRunFiles"]["files"][0]["uploadUrl"]


def viewer(served, key, **headers):
    return ask(served, key, "{ viewer { username entity } }", **headers)


def test_a_run_that_anna_starts_is_annas_and_ends_with_her_key(shared):
    key = key_of(shared, "anna")
    code = """
        import json, wandb
        run = wandb.init(project="p")
        run.log({"a": 1})
        run.finish()
        found = wandb.Api().run("local/p/" + run.id)
        print(json.dumps([found.user.username, found.summary["a"], wandb.Api().default_entity]))
    """
    assert shared.client.script(code, WANDB_API_KEY=key) == ["anna", 1, "local"]
    assert shared.client.script(code) == ["local", 1, "local"]  # the owner, with the directory's key
    assert viewer(shared, key).json()["data"]["viewer"] == {"username": "anna", "entity": "local"}
    assert keys(shared, "revoke", "anna").returncode == 0
    assert viewer(shared, key).status_code == 401  # at once, and without a restart


def test_a_url_that_was_signed_for_a_key_ends_with_it(shared):
    key = key_of(shared, "anna")
    url = upload_url(shared, key)
    assert requests.put(url, data=b"mine", timeout=30).status_code == 200
    keys(shared, "revoke", "anna")
    assert requests.put(url, data=b"other", timeout=30).status_code == 403


def test_a_url_of_a_revoked_key_stays_shut_when_its_name_has_a_new_key(shared):
    old = upload_url(shared, key_of(shared, "anna"))
    keys(shared, "revoke", "anna")
    new = upload_url(shared, key_of(shared, "anna"))
    assert requests.put(old, data=b"old", timeout=30).status_code == 403
    assert requests.put(new, data=b"new", timeout=30).status_code == 200


def test_an_address_on_a_page_ends_with_the_key_that_the_page_was_asked_for_with(shared):
    key = key_of(shared, "anna")
    requests.put(upload_url(shared, key), data=b"mine", timeout=30)
    page = requests.get(f"{shared.server.url}/local/p/runs/r/files", auth=("api", key), timeout=30)
    address = shared.server.url + re.search(r"/storage/[^\"]+", page.text)[0]
    assert requests.get(address, timeout=30).content == b"mine"
    keys(shared, "revoke", "anna")
    assert requests.get(address, timeout=30).status_code == 403


def test_a_key_is_shown_once_and_kept_as_a_hash(shared):
    key = key_of(shared, "anna")
    assert len(key) == 40
    assert key not in keys(shared, "list").stdout
    assert keys(shared, "list").stdout.startswith("anna  since 20")
    viewer(shared, key)
    viewer(shared, key[:-1] + "x")
    written = b"".join(path.read_bytes() for path in shared.directory.rglob("*") if path.is_file())
    assert key.encode() not in written and base64.b64encode(f"api:{key}".encode()) not in written


def test_no_key_is_in_the_list_of_processes_or_in_the_log(shared):
    key, owners = key_of(shared, "anna"), shared.server.key
    viewer(shared, "0" * 40)
    requests.get(f"{shared.server.url}/local/{key}", auth=("anna", key), timeout=30)
    for path in (f"/proc/{shared.server.pid}/cmdline", shared.directory / "server.log"):
        text = Path(path).read_bytes()
        assert key.encode() not in text and owners.encode() not in text


def test_a_database_that_cannot_be_asked_makes_no_key_wrong():
    """The client gives up at 401, and tries again at 503."""

    def name_of(key):
        raise sqlite3.OperationalError("database is locked")

    given = base64.b64encode(b"api:" + b"0" * 40)
    headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Basic " + given)]
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": headers})
    assert Access("1" * 40, True, name_of).refusal(request).status_code == 503


def test_a_browser_is_asked_for_name_and_key(shared):
    key = key_of(shared, "anna")
    asked = requests.get(shared.server.url, timeout=30)
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, 'Basic realm="rarebeat"')
    assert key not in asked.text and shared.server.key not in asked.text
    assert requests.get(shared.server.url, auth=("anna", key), timeout=30).status_code == 200


def test_behind_a_proxy_on_the_same_machine_the_key_is_demanded(own_server):
    """Caddy and nginx speak from 127.0.0.1 for everybody; links lead back through them."""
    served = own_server(demand_key=True)
    assert viewer(served, "0" * 40).status_code == 401
    through = {"Host": "sweeps.example.org", "X-Forwarded-For": "10.0.0.9", "X-Forwarded-Proto": "https"}
    assert viewer(served, served.server.key, **through).status_code == 200
    url = upload_url(served, served.server.key, **through)
    assert url.startswith("https://sweeps.example.org/storage/")


def test_a_proxy_in_front_of_a_server_that_demands_no_key_is_refused(own_server):
    served = own_server()
    for headers in ({"Host": "sweeps.example.org"}, {"X-Forwarded-For": "10.0.0.9"}):
        refused = viewer(served, served.server.key, **headers)
        assert refused.status_code == 403 and "--demand-key" in refused.text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "local"), "'local' cannot name a key: take 1 to 64 letters and digits, not 'local'"),
        (("add", "a b"), "'a b' cannot name a key"),
        (("revoke", "nobody"), "there is no key of nobody; there are: none"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(shared, words, sentence):
    done = keys(shared, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {sentence}") and done.stderr.count("\n") == 1


def test_a_name_has_one_key_and_the_database_holds_no_other(shared):
    key_of(shared, "anna")
    again = keys(shared, "add", "anna")
    assert again.returncode == 2 and "there is a key of anna already" in again.stderr
    with closing(sqlite3.connect(shared.directory / "tracking.db")) as db:
        assert db.execute("SELECT count(*) FROM keys").fetchone() == (1,)


def test_what_a_server_writes_is_its_owners_alone_in_a_folder_that_others_may_read(tmp_path):
    directory = tmp_path / "open"
    directory.mkdir(mode=0o755)
    daemon.start(directory)
    try:
        readable = [
            path.name
            for path in directory.rglob("*")
            if path.stat().st_mode & 0o077 and path.name not in ("lock", "lent", "borrowers")
        ]
    finally:
        daemon.stop(directory)
    assert readable == []
    assert json.loads((directory / "server.json").read_text())["host"] == "127.0.0.1"
