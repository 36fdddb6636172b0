"""The vendor's own checker finds nothing wrong but what a server without TLS cannot have."""

import pytest

SCENE = "verify"
pytestmark = pytest.mark.slow
PASSED = [
    "Checking if logged in",
    "Checking signed URL upload",
    "Checking ability to send large payloads through proxy",
    "Checking CORs configuration of the bucket",
    "Checking wandb package version is up to date",
    "Checking logged metrics, saving and downloading a file",
    "Checking artifact save and download workflows",
    "Checking sweep creation and agent execution",
]


@pytest.mark.parametrize("check", PASSED)
def test_a_check_of_the_vendors_passes(scene, check):
    [line] = [line for line in scene("verify")["said"].splitlines() if line.startswith(check)]
    assert line.endswith("✅")


def test_only_tls_is_missed(scene):
    lines = [line for line in scene("verify")["said"].splitlines() if "❌" in line]
    assert all(line.startswith("Checking requests") for line in lines)


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
