"""A user's runs end well or badly, are stopped from elsewhere, and come home from offline."""

import pytest

SCENE = "processes"
pytestmark = pytest.mark.slow


def test_a_killed_run_is_resumed_by_its_folder_with_resume_auto(scene):
    facts = scene("resumed_after_a_kill")
    assert (facts["while"], facts["code"], facts["state"]) == ("running", 0, "finished")
    assert facts["a"] == [1, 2, 3, 4, 5, 6]


def test_exit_codes_make_the_states_of_runs(scene):
    assert scene("exits")["codes"] == [1, 4, 0, 1]
    assert scene("exits")["states"] == {
        "three": "failed",
        "raising": "failed",
        "quitting": "failed",
        "leaving": "finished",
        "preempted": "preempted",
    }


def test_a_run_is_stopped_from_elsewhere(scene):
    assert scene("stopped")["code"] != 0
    assert (scene("stopped")["state"], scene("stopped")["rows"]) == ("killed", True)


def test_offline_runs_are_synced_one_by_one_or_all_together(scene):
    facts = scene("offline")
    assert facts["codes"] == [0, 0, 0]
    assert facts["runs"] == {name: ["finished", {"lr": 0.1}, 2] for name in ("away1", "away2")}
    assert facts["history"] == [[1, 2]] * 2


def test_files_artifacts_and_console_come_home_too(scene):
    facts = scene("offline")
    assert facts["notes"] == ["a note"] * 2
    assert facts["artifacts"] == ["made-away:v0", "made-away:v1"]
    assert facts["console"] == ["said offline"] * 2


def test_a_run_that_is_synced_already_is_skipped(scene):
    assert "Skipped 1 synced run" in scene("offline")["said"][2]


def test_several_processes_write_one_run_and_lose_nothing(scene):
    facts = scene("shared")
    assert facts["codes"] == [0, 0] and facts["state"] == "finished"
    assert (facts["a"], facts["summary"]) == ([[0, 1, 2], [0, 1, 2]], [2, 2])


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
