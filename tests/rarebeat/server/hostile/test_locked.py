"""A server that demands a key, and file URLs that are used again."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from urllib.parse import urlsplit

import pytest

from rarebeat.server import daemon
from rarebeat.server.app import build_app

WRONG = base64.b64encode(b"api:" + b"0" * 40).decode()
CREATE = """mutation { createArtifact(input: {entityName: "local", projectName: "p", artifactTypeName: "t",
    artifactCollectionName: "c", digest: "d"}) { artifact { id } } }"""
MANIFEST = """mutation ($a: ID!) { createArtifactManifest(input: {artifactID: $a, name: "m", digest: "d",
    entityName: "local", projectName: "p", runName: "r", includeUpload: true})
    { artifactManifest { file { uploadUrl } } } }"""
COMMIT = "mutation ($a: ID!) { commitArtifact(input: {artifactID: $a}) { artifact { id } } }"


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    directory = tmp_path_factory.mktemp("locked")
    yield daemon.start(directory, demand_key=True)
    daemon.stop(directory)


def ask(server, method, path, body=b"", authorization=None):
    """Status and body of the answer."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    headers = {"Authorization": authorization} if authorization else {}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def query(server, document, **variables):
    key = base64.b64encode(f"api:{server.key}".encode()).decode()
    body = json.dumps({"query": document, "variables": variables}).encode()
    return json.loads(ask(server, "POST", "/graphql", body, f"Basic {key}")[1])["data"]


@pytest.mark.parametrize("authorization", [None, f"Basic {WRONG}", "Basic !", "Bearer x", f"Digest {WRONG}"])
def test_no_endpoint_but_signed_urls_and_health_answers_without_the_key(locked, authorization):
    open_to_all = {("GET", "/healthz"): 200, ("HEAD", "/healthz"): 200, ("OPTIONS", "/storage/{token}"): 204}
    for route in build_app(None, None).routes:
        for method in route.methods:
            path = route.path.replace("{", "").replace("}", "")
            otherwise = 403 if path.startswith("/storage/") else 401
            status, _ = ask(locked, method, path, b"{}", authorization)
            assert status == open_to_all.get((method, route.path), otherwise), (method, path)


def test_a_used_upload_url_changes_nothing_any_more_once_the_artifact_is_complete(locked):
    artifact = query(locked, CREATE)["createArtifact"]["artifact"]["id"]
    made = query(locked, MANIFEST, a=artifact)["createArtifactManifest"]["artifactManifest"]
    path = made["file"]["uploadUrl"].removeprefix(locked.url)
    manifest = b'{"version": 1, "contents": {}}'
    assert ask(locked, "PUT", path, manifest)[0] == 200
    assert query(locked, COMMIT, a=artifact)["commitArtifact"]["artifact"]["id"] == artifact
    assert ask(locked, "PUT", path, manifest)[0] == 200  # a client that missed the answer sends it again
    other = json.dumps({"version": 1, "contents": {"x": {"digest": hashlib.md5(b"x").hexdigest()}}})
    assert ask(locked, "PUT", path, other.encode())[0] == 422
