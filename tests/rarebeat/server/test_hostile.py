"""Requests that no client sends: never a 5xx, never a traceback, never somebody else's data."""

import base64
import hashlib
import json
import urllib.error
import urllib.request

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rarebeat.server.signing import Signer

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, path, body=None, method="POST", **headers):
    """Status and text of the answer."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url + path, data, named, method=method)
    try:
        with OPENER.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def graphql(url, query, variables=None, **headers):
    return ask(url, "/graphql", {"query": query, "variables": variables or {}}, **headers)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from rarebeat.server import daemon

    directory = tmp_path_factory.mktemp("hostile")
    server = daemon.start(directory)
    upsert = 'mutation { upsertBucket(input: {name: "mine", modelName: "p"}) { bucket { id } } }'
    assert graphql(server.url, upsert)[0] == 200
    yield server
    daemon.stop(directory)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"query": 3}', b"\xff\xfe", b"[" * 100_000, b'{"query": "{"}']
)
@pytest.mark.parametrize("path", ["/graphql", "/files/local/p/mine/file_stream"])
def test_a_body_that_is_not_what_the_endpoint_reads_is_a_4xx_or_an_error_in_words(server, path, body):
    status, text = ask(server.url, path, body)
    assert status < 500 and "Traceback" not in text


@pytest.mark.parametrize("own", [5, {}, {"value": None}, {"value": 5}, {"value": {"branch_point": 5}}])
def test_a_config_with_an_odd_place_for_the_branch_point_makes_a_run_that_is_no_fork(server, own):
    variables = {"config": json.dumps({"_wandb": own})}
    query = """mutation Upsert($config: JSONString) {
        upsertBucket(input: {modelName: "p", config: $config}) { bucket { id } } }"""
    assert json.loads(graphql(server.url, query, variables)[1])["data"]["upsertBucket"]["bucket"]["id"]


SWEEP = """mutation Upsert($scheduler: JSONString) { upsertSweep(input: {
    projectName: "p", config: "{method: custom, controller: {type: local}, parameters: {x: {value: 1}}}",
    scheduler: $scheduler}) { sweep { id } } }"""
SWEEP_AGAIN = """mutation Upsert($id: ID!, $controller: JSONString) {
    upsertSweep(input: {id: $id, controller: $controller}) { sweep { scheduler runs { totalCount } } } }"""


@pytest.mark.parametrize("before", [None, [], {"scheduled": 5}, {"scheduled": [5, {}, {"id": {}}]}])
def test_a_controller_goes_on_whatever_was_in_the_place_of_its_answers(server, before):
    made = graphql(server.url, SWEEP, {"scheduler": json.dumps(before)})
    sweep = json.loads(made[1])["data"]["upsertSweep"]["sweep"]["id"]
    one = {"id": "first", "data": {"args": {"x": {"value": 1}}}}
    given = {"id": sweep, "controller": json.dumps({"schedule": [one, one]})}
    answer = json.loads(graphql(server.url, SWEEP_AGAIN, given)[1])["data"]["upsertSweep"]["sweep"]
    assert [known["id"] for known in json.loads(answer["scheduler"])["scheduled"]] == ["first"]
    assert answer["runs"]["totalCount"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "{ nothing { here } }",
        "mutation { dropTables }",
        "query ($v: Nonsense) { viewer { id } }",
        '{ project(name: "../../etc") { run(name: "../passwd") { id } } }',
        '{ project(name: "p") { runs(first: -1, after: "???") { edges { node { id } } } } }',
        '{ artifact(id: "UnVuOjE=") { id } }',
        '{ artifact(id: "x") { id } }',
        'mutation { agentHeartbeat(input: {id: "QWdlbnQ6OTk="}) { commands } }',
        'mutation { upsertBucket(input: {name: "../x", modelName: "p"}) { bucket { id } } }',
        'mutation { upsertBucket(input: {name: "x", config: "[1]"}) { bucket { id } } }',
        'mutation { upsertSweep(input: {config: "a: &a [*a]"}) { sweep { id } } }',
        'mutation { upsertSweep(input: {config: "- 1"}) { sweep { id } } }',
        'mutation { upsertSweep(input: {config: "x: !!python/object:os.system {}"}) { sweep { id } } }',
        '{ project(name: "p") { run(name: "mine") { files(names: 3) { edges { node { id } } } } } }',
        '{ project(name: "p") { run(name: "mine") { sampledHistory(specs: ["[]"]) } } }',
        "{ viewer { ...F } } fragment F on User { ...F }",
        '{ project(name: "\\ud800") { id } }',
        'mutation { upsertModel(input: {name: "a\\u0000b"}) { inserted } }',
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_answered_without_a_5xx(server, query):
    status, text = graphql(server.url, query)
    assert status < 500 and "Traceback" not in text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
WORDS = """
    id name modelName entityName config summaryMetrics tags state sweep files runState artifactID aliases
    filters projectName runName artifactFiles artifactTypeName artifactCollectionName digest
"""
FIELDS = st.sampled_from(WORDS.split())
MUTATIONS = """
    upsertBucket upsertSweep agentHeartbeat createAgent createRunFiles createArtifact createArtifactFiles
    commitArtifact linkArtifact addAliases deleteFiles stopRun useArtifact upsertModel updateArtifact
    enqueueSweepRun createArtifactManifest deleteAliases updateArtifactSequence deleteRun
"""


POSTED = ["files", "complete", "exitcode", "preempting", "uploaded"]
HISTORY = st.builds(
    lambda name, offset, content: {"files": {name: {"offset": offset, "content": content}}},
    st.sampled_from(["wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json", "output.log", "x"]),
    st.integers(0, 9) | VALUES,
    st.lists(VALUES.map(json.dumps)) | VALUES,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mutation=st.sampled_from(MUTATIONS.split()),
    given_input=st.dictionaries(FIELDS, VALUES, max_size=6) | VALUES,
)
def test_any_input_of_any_mutation_is_answered_without_a_5xx(server, mutation, given_input):
    status, text = graphql(
        server.url, f"mutation ($i: X) {{ {mutation}(input: $i) {{ id }} }}", {"i": given_input}
    )
    assert status < 500 and "Traceback" not in text and "its log says why" not in text


@settings(max_examples=150, deadline=None)
@given(body=st.dictionaries(st.sampled_from(POSTED), VALUES) | HISTORY)
def test_any_post_to_a_run_is_answered_without_a_5xx(server, body):
    status, text = ask(server.url, "/files/local/p/mine/file_stream", body)
    assert status < 500 and "Traceback" not in text and "its log says why" not in text


def test_a_file_whose_name_climbs_out_of_every_folder_lies_among_the_blobs(own_server):
    served = own_server()
    served.client.script('import wandb; wandb.init(project="p", id="climber").finish()')
    query = """mutation { createRunFiles(input: {projectName: "p", runName: "climber",
        files: ["../../../../../../tmp/climbed"]}) { files { uploadUrl } } }"""
    answer = json.loads(graphql(served.server.url, query)[1])
    before = {path for path in served.directory.parent.rglob("*") if path.is_file()}
    assert ask(answer["data"]["createRunFiles"]["files"][0]["uploadUrl"], "", b"climbed", "PUT")[0] == 200
    [new] = {path for path in served.directory.parent.rglob("*") if path.is_file()} - before
    digest = hashlib.sha256(b"climbed").hexdigest()
    assert new == served.directory / "blobs" / digest[:2] / digest[2:]


def test_a_body_beyond_the_limit_is_413(server):
    assert ask(server.url, "/graphql", b" " * (64 * 1024**2 + 1))[0] == 413


def test_a_page_of_another_site_may_not_post_and_another_name_may_not_read(server):
    assert graphql(server.url, "{ viewer { id } }", Origin="https://evil.example")[0] == 403
    assert graphql(server.url, "{ viewer { id } }", Host="evil.example")[0] == 403
    assert ask(server.url, "/", method="GET", Host="evil.example")[0] == 403
    assert ask(server.url, "/", method="GET", Host="[")[0] == 403
    assert graphql(server.url, "{ viewer { id } }", Host="x/storage/?")[0] == 403  # a path of its own
    assert ask(server.url, "/", method="GET", Origin="http://[")[0] == 403
    assert ask(server.url, "/", method="GET", Origin="null")[0] == 403


def test_file_urls_that_were_not_signed_or_are_for_something_else_are_refused(server):
    query = """mutation { createRunFiles(input: {projectName: "p", runName: "mine", files: ["f"]})
        { files { uploadUrl } } }"""
    answer = json.loads(graphql(server.url, query)[1])
    url = answer["data"]["createRunFiles"]["files"][0]["uploadUrl"]
    path = url.removeprefix(server.url)
    assert ask(server.url, path, b"data", "PUT")[0] == 200
    assert ask(server.url, path, method="GET")[0] == 403  # an upload is no download
    assert ask(server.url, path[:-2], b"data", "PUT")[0] == 403
    assert ask(server.url, "/storage/" + base64.urlsafe_b64encode(b"{}").decode(), b"", "PUT")[0] == 403
    assert ask(server.url, "/storage/..%2f..%2fkey", method="GET")[0] in (403, 404)


def test_an_expired_url_is_refused():
    now = [0.0]
    signer = Signer("key", lambda: now[0])
    token = signer.sign(action="get", blob="x", name="n")
    assert signer.read(token, "get")["blob"] == "x"
    now[0] = 24 * 3600 + 1
    with pytest.raises(Exception, match="has expired"):
        signer.read(token, "get")


def test_an_announced_content_that_does_not_come_is_refused(client, server):
    create = """mutation { createArtifact(input: {entityName: "local", projectName: "p",
        artifactTypeName: "t", artifactCollectionName: "c", digest: "d"}) { artifact { id } } }"""
    artifact = json.loads(graphql(server.url, create)[1])["data"]["createArtifact"]["artifact"]["id"]
    files = """mutation ($a: ID!) { createArtifactFiles(input: {artifactFiles: [{artifactID: $a, name: "x",
        md5: "AAAAAAAAAAAAAAAAAAAAAA=="}]}) { files { edges { node { uploadUrl } } } } }"""
    edges = json.loads(graphql(server.url, files, {"a": artifact})[1])["data"]["createArtifactFiles"][
        "files"
    ]["edges"]
    assert ask(edges[0]["node"]["uploadUrl"], "", b"something else", "PUT")[0] == 422
    commit = "mutation ($a: ID!) { commitArtifact(input: {artifactID: $a}) { artifact { id } } }"
    assert "not complete" in graphql(server.url, commit, {"a": artifact})[1]


def test_beyond_loopback_the_key_is_demanded_on_everything_but_signed_urls(own_server):
    served = own_server(host="0.0.0.0")
    url, key = served.server.url, served.server.key
    basic = base64.b64encode(f"api:{key}".encode()).decode()
    wrong = base64.b64encode(b"api:" + b"0" * 40).decode()
    assert graphql(url, "{ viewer { id } }")[0] == 401
    assert graphql(url, "{ viewer { id } }", Authorization=f"Basic {wrong}")[0] == 401
    assert graphql(url, "{ viewer { id } }", Authorization=f"Basic {basic}")[0] == 200
    assert ask(url, "/local/p", method="GET")[0] == 401
    assert ask(url, "/files/local/p/r/file_stream", {})[0] == 401
    served.client.script('import wandb; r = wandb.init(project="p"); r.log({"a": 1}); r.finish()')
    log = (served.directory / "server.log").read_text()
    assert key not in log and basic not in log


def test_the_page_escapes_what_clients_wrote(client, backend):
    if "127.0.0.1" not in backend.url:
        pytest.skip("the page of another server is not ours")
    run = client.script("""
        import json, wandb
        with wandb.init(project="page", name="<script>alert(1)</script>", config={"<x-k>": "<x-v>"}) as run:
            run.log({"<x-m>": 1})
        print(json.dumps(run.id))
    """)
    for path in ("/", "/local/page", f"/local/page/runs/{run}"):
        status, text = ask(backend.url, path, method="GET")
        assert status == 200
        assert "alert(1)" in text or path == "/"
        assert not any(tag in text for tag in ("<script>", "<x-"))
    assert ask(backend.url, "/local/nothing", method="GET")[0] == 404
