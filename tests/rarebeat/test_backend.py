"""The vendor's client on a server that does not do as it should."""

import subprocess
import sys

from rarebeat.backend import Backend

AWAY = """
import sys
from pathlib import Path
import click, wandb
from rarebeat.backend import client_errors, connect
from rarebeat.server import daemon

directory = Path(sys.argv[1])
server = daemon.start(directory)
connect(directory=directory)
api = wandb.Api(timeout=2)
daemon.stop(directory)
try:
    with client_errors(server.url):
        list(api.runs("local/p"))
except click.ClickException as error:
    assert server.url in error.message, error.message
    print(error.exit_code)
"""


def test_a_server_that_goes_away_is_one_sentence(tmp_path, backend):
    command = [sys.executable, "-c", AWAY, str(tmp_path / "server")]
    env = {name: value for name, value in backend.env.items() if not name.startswith("WANDB_")}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "1", done.stderr


def test_a_server_of_this_machine_is_reached_without_the_networks_proxy():
    inherited = {"https_proxy": "http://proxy:3128", "NO_PROXY": "intra"}
    local = Backend("http://127.0.0.1:8765", "key", embedded=True).environment(inherited)
    assert local["NO_PROXY"] == local["no_proxy"] == "intra,127.0.0.1"
    assert Backend("https://wandb.example").environment(inherited)["NO_PROXY"] == "intra"
