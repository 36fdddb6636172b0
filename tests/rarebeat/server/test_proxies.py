"""A proxy that the network asks for, and a server of this machine."""

import pytest

from rarebeat.server.proxies import direct

URL = "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("environment", "hosts"),
    [
        ({"PATH": "/bin"}, None),
        ({"https_proxy": "http://proxy:3128"}, "127.0.0.1"),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "intra, 127.0.0.1"}, "intra,127.0.0.1"),
        ({"ALL_PROXY": "socks5://p", "NO_PROXY": "a", "no_proxy": "b"}, "b,127.0.0.1"),
    ],
)
def test_a_server_of_this_machine_is_added_to_what_needs_no_proxy(environment, hosts):
    assert direct(URL, environment) == ({"NO_PROXY": hosts, "no_proxy": hosts} if hosts else {})


def test_an_artifact_comes_home_where_everything_else_goes_through_a_proxy(own_server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nobody listens there
    served = own_server()
    assert served.client.env["NO_PROXY"] == "127.0.0.1"
    content = served.client.script("""
        import json, wandb
        with wandb.init(project="p") as run:
            artifact = wandb.Artifact("a", type="t")
            with artifact.new_file("x.txt") as file:
                file.write("home")
            run.log_artifact(artifact)
        folder = wandb.Api().artifact("local/p/a:latest").download(skip_cache=True)
        print(json.dumps(open(f"{folder}/x.txt").read()))
    """, HTTP_PROXY="http://127.0.0.1:9")  # fmt: skip
    assert content == "home"
