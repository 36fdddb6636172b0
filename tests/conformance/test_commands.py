"""A user types the vendor's commands."""

import pytest

SCENE = "commands"
pytestmark = pytest.mark.slow


def test_a_key_is_checked_kept_in_netrc_and_used_from_there(scene):
    facts = scene("login")
    assert (facts["code"], facts["kept"]) == (0, True)
    assert "logged in as: local" in facts["said"]
    assert facts["then"] == ["local"]


def test_a_key_that_is_too_short_is_refused(scene):
    assert scene("login")["short"] != 0


def test_a_folder_is_initialised_and_its_runs_go_to_that_project(scene):
    facts = scene("folder_settings")
    assert (facts["init"], facts["ran"], facts["state"]) == (0, 0, "finished")


def test_status_tells_the_folders_settings(scene):
    assert '"project": "commands"' in scene("folder_settings")["status"]


def test_offline_online_disabled_and_enabled_are_switched(scene):
    assert scene("folder_settings")["words"] == [0, 0, 0, 0]


def test_the_files_of_a_run_are_pulled(scene):
    facts = scene("files_of_a_run")
    assert facts["codes"][0] == 0 and facts["text"] == "a note"


def test_the_config_of_a_run_is_restored(scene):
    assert scene("files_of_a_run")["codes"][1] == 0
    assert "wandb/config.yaml" in scene("files_of_a_run")["files"]


def test_a_folder_is_put_as_an_artifact_listed_and_got(scene):
    facts = scene("artifacts")
    assert (facts["codes"], facts["listed"]) == ([0, 0, 0], True)
    assert facts["files"] == ["a.txt", "b.txt"]


def test_an_artifact_that_is_put_has_its_description_and_aliases(scene):
    facts = scene("artifacts")
    assert (facts["description"], facts["aliases"]) == ("words", ["good", "latest"])


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
