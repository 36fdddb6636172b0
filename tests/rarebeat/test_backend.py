"""What the vendor's client is told of the server, and what becomes of its errors."""

import click
import pytest
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from rarebeat.backend import Backend, client_errors


def test_a_server_that_goes_away_is_one_sentence():
    """The client raises this, which is none of its public errors, when it has tried long enough."""
    words = "http://server did not do as asked: the service process is busy"
    with pytest.raises(click.ClickException, match=words), client_errors("http://server"):
        raise WandbApiFailedError("the service process is busy and did not respond in time")


def test_a_server_of_this_machine_is_reached_without_the_networks_proxy():
    inherited = {"https_proxy": "http://proxy:3128", "NO_PROXY": "intra"}
    local = Backend("http://127.0.0.1:8765", "key", embedded=True).environment(inherited)
    assert local["NO_PROXY"] == local["no_proxy"] == "intra,127.0.0.1"
    assert Backend("https://wandb.example").environment(inherited)["NO_PROXY"] == "intra"
