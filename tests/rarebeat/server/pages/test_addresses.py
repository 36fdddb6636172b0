"""Every address that the client prints opens as a page that a browser and a screen reader can use."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

TRAIN = """
    import wandb
    with wandb.init() as run:
        for epoch in range(3):
            run.log({"epoch": epoch, "best/macro_auprc": run.config["x"] + epoch / 10, "best/auprc/N": 0.5})
        artifact = wandb.Artifact("net", "model")
        with artifact.new_file("weights.txt") as file:
            file.write("1")
        run.log_artifact(artifact)
"""
SWEEP = """
    program: train.py
    name: which <b>x</b> & why
    method: grid
    metric: {name: best/macro_auprc, goal: maximize}
    parameters:
      x: {values: [0.1, 0.2]}
      z: {value: fixed}
"""


def _ask(address, method="GET", **headers):
    request = urllib.request.Request(address, method=method, headers=headers)
    request.data = b"" if method == "POST" else None
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


@pytest.fixture
def printed(client, backend):
    """The addresses that a sweep, its agent and its runs have printed."""
    path = client.sweep(SWEEP, TRAIN)
    said = client.wandb("agent", "--count", "1", path)
    told = said.stdout + said.stderr
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told)
    found = set(re.findall(rf"{re.escape(backend.url)}/[\w./-]+", plain))
    entity, project, sweep = path.split("/")
    found |= {f"{backend.url}/{path.replace(f'/{sweep}', '')}/sweeps/{sweep}"}
    artifact = client.script(f"""
        import json, wandb
        print(json.dumps(wandb.Api().artifact("{entity}/{project}/net:latest").url))
    """)
    return sorted({*found, artifact}), path


def test_every_address_that_the_client_prints_opens(printed, browse, grave_faults, backend):
    addresses, path = printed
    entity, project, sweep = path.split("/")
    assert f"{backend.url}/{entity}/{project}/sweeps/{sweep}" in addresses
    assert any("/runs/" in address for address in addresses)
    here = f"{backend.url}/{entity}/{project}"
    above = [backend.url, f"{backend.url}/authorize", f"{backend.url}/{entity}"]
    tabs = [*above, here, *(f"{here}/{tab}" for tab in ("workspace", "table", "sweeps", "artifacts"))]
    for address in dict.fromkeys([*tabs, *addresses]):
        status, headers, text = _ask(address)
        assert (status, "There is nothing here" in text) == (200, False), address
        assert "'unsafe-inline'" not in headers["Content-Security-Policy"].split("style-src")[0]
        assert "<b>x" not in text
    for address in (backend.url, here, f"{here}/sweeps", f"{here}/sweeps/{sweep}"):
        page = browse(address)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert grave_faults(page) == [], (address, scheme)


def test_what_is_not_there_says_so(backend):
    for path in (
        "/local/nowhere",
        "/local/nowhere/sweeps/x",
        "/local/nowhere/runs/x",
        "/local/nowhere/sweeps",
    ):
        status, _, text = _ask(backend.url + path)
        assert (status, "There is nothing here" in text) == (404, True), path
    assert _ask(f"{backend.url}/static/nothing.js")[0] == 404
    assert _ask(f"{backend.url}/nobody")[0] == 404


def test_a_page_that_has_not_changed_is_not_sent_again(backend):
    for path in ("/static/live.js", "/static/style.css", "/local/nowhere"):
        _, headers, _ = _ask(backend.url + path)
        assert _ask(backend.url + path, **{"If-None-Match": headers["ETag"]})[0] == 304
    whole, part = _ask(backend.url)[2], _ask(backend.url, **{"X-Live": "1"})[2]
    assert "<html" in whole and "<html" not in part


def test_buttons_are_for_pages_of_this_server_alone(client, backend):
    path = client.sweep(SWEEP, TRAIN)
    entity, project, sweep = path.split("/")
    button = f"{backend.url}/{entity}/{project}/sweeps/{sweep}/pause"
    assert _ask(button, "POST")[0] == 403
    assert _ask(button, "POST", Origin="https://elsewhere.example")[0] == 403
    assert _ask(button, "POST", Origin="null")[0] == 403
    assert _ask(button, "POST", **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert _ask(button, "GET")[0] == 405
    assert 'class="state running"' in _ask(button.removesuffix("/pause"))[2]
    status, _, shown = _ask(button, "POST", Origin=backend.url)  # which leads back to the page
    assert (status, 'class="state paused"' in shown) == (200, True)
    assert _ask(button.replace("/pause", "/explode"), "POST", Origin=backend.url)[0] == 404
