"""Signed URLs that are used twice, late, or for more than they were given for."""

import hashlib

import pytest
import requests

from rarebeat.server.blobs import Blobs
from rarebeat.server.errors import TooLarge

RUN = 'mutation { upsertBucket(input: {name: "%s", modelName: "p"}) { bucket { id } } }'
UPLOAD = """mutation { createRunFiles(input: {projectName: "p", runName: "%s", files: ["f"]})
    { files { uploadUrl } } }"""
FILES = '{ project(name: "p") { run(name: "%s") { files { edges { node { name md5 } } } } } }'
ARTIFACT = """mutation { createArtifact(input: {entityName: "local", projectName: "p",
    artifactTypeName: "t", artifactCollectionName: "c", digest: "d"}) { artifact { id } } }"""
MANIFEST = """mutation { createArtifactManifest(input: {artifactID: "%s"})
    { artifactManifest { file { uploadUrl } } } }"""
COMMIT = 'mutation { commitArtifact(input: {artifactID: "%s"}) { artifact { state } } }'
CURRENT = '{ artifact(id: "%s") { currentManifest { file { directUrl } } } }'


@pytest.fixture
def ask(own_server):
    served = own_server()

    def ask(query):
        answer = requests.post(f"{served.server.url}/graphql", json={"query": query}, timeout=30).json()
        assert "errors" not in answer, answer
        return answer["data"]

    return ask


def put(url, content):
    return requests.put(url, data=content, timeout=30).status_code


def test_the_url_of_a_deleted_run_leads_into_no_other_run(ask):
    old = ask(RUN % "old")["upsertBucket"]["bucket"]["id"]
    url = ask(UPLOAD % "old")["createRunFiles"]["files"][0]["uploadUrl"]
    assert put(url, b"old") == 200
    ask(f'mutation {{ deleteRun(input: {{id: "{old}"}}) {{ success }} }}')
    new = ask(RUN % "new")["upsertBucket"]["bucket"]["id"]
    assert new != old
    assert put(ask(UPLOAD % "new")["createRunFiles"]["files"][0]["uploadUrl"], b"new") == 200
    assert put(url, b"old again") == 422
    [edge] = ask(FILES % "new")["project"]["run"]["files"]["edges"]
    assert edge["node"]["name"] == "f"
    assert edge["node"]["md5"] == "Iq9kXRhZy1ym2gxITx836g=="  # printf new | openssl md5 -binary | base64


def test_the_manifest_of_a_version_cannot_be_put_again(ask):
    artifact = ask(ARTIFACT)["createArtifact"]["artifact"]["id"]
    url = ask(MANIFEST % artifact)["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
    assert put(url, b'{"version": 1, "contents": {}}') == 200
    assert ask(COMMIT % artifact)["commitArtifact"]["artifact"]["state"] == "COMMITTED"
    assert put(url, b'{"version": 1, "contents": {"theirs": {"digest": "x", "size": 1}}}') == 422
    assert put(url, b'{"version": 1, "contents": {}}') == 200  # the client was not sure that it had arrived
    kept = ask(CURRENT % artifact)["artifact"]["currentManifest"]["file"]["directUrl"]
    assert requests.get(kept, timeout=30).json()["contents"] == {}


def test_a_file_beyond_the_limit_is_refused_before_it_is_kept(tmp_path):
    blobs = Blobs(tmp_path, limit=10)
    with pytest.raises(TooLarge, match="10 bytes at most"), blobs.receive() as incoming:
        incoming.write(b"12345678901")
    assert not list(tmp_path.glob("*/*"))
    with blobs.receive() as incoming:
        incoming.write(b"1234567890")
        kept = blobs.keep(incoming)
    assert kept.digest == hashlib.sha256(b"1234567890").hexdigest()
