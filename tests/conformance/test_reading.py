"""A user finds, reads and changes runs, files and projects through `wandb.Api`."""

import pytest

SCENE = "reading"
RUNS = ["run0", "run1", "run2"]


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("all", RUNS),
        ("none", []),
        ("between", ["run1"]),
        ("nested", ["run1", "run2"]),
        ("or", ["run0", "run2"]),
        ("not", ["run1", "run2"]),
        ("in", ["run0", "run1"]),
        ("not in", ["run2"]),
        ("tag", ["run1"]),
        ("tags", ["run0", "run2"]),
        ("group", ["run0", "run2"]),
        ("regex", ["run1", "run2"]),
        ("exists", ["run1"]),
        ("state", RUNS),
        ("deep", ["run2"]),
    ],
)
def test_runs_are_found_by_filters(scene, how, found):
    assert scene("three_runs")[how] == found


@pytest.mark.parametrize(
    ("how", "found"),
    [("best", RUNS[::-1]), ("worst", RUNS), ("by config", RUNS[::-1]), ("new", RUNS[::-1]), ("paged", RUNS)],
)
def test_runs_are_ordered_and_paged(scene, how, found):
    assert scene("three_runs")[how] == found


def test_runs_are_counted_without_reading_them(scene):
    assert scene("three_runs")["length"] == 2


def test_a_filter_that_there_is_not_is_refused_in_words(scene):
    assert "filters have no operator '$near'" in scene("three_runs")["refused"]


def test_a_history_is_sampled_evenly_with_both_ends(scene):
    assert (scene("history")["sampled"], scene("history")["ends"]) == (50, [0, 299])


def test_a_history_of_keys_has_the_rows_with_all_of_them(scene):
    assert (scene("history")["keys"], scene("history")["both"]) == (["_step", "even"], [0, 2, 4])


def test_a_history_is_read_along_another_axis(scene):
    assert scene("history")["x axis"] == [0, 148, 298]


def test_a_history_is_scanned_whole_and_in_part(scene):
    assert (scene("history")["scan"], scene("history")["page"]) == (True, list(range(10, 20)))


def test_keys_are_scanned_over_several_pages(scene):
    assert scene("history")["scan keys"] == 150


def test_nested_metrics_are_read_by_their_path(scene):
    assert (scene("history")["nested"], scene("history")["nested sample"]) == ([1, 3], [1, 3])


def test_a_history_comes_as_a_table_of_pandas(scene):
    assert scene("history")["frame"] == ["_step", "a"]


def test_the_names_of_metrics_and_the_last_step_are_told(scene):
    facts = scene("history")
    assert {"a", "even", "deep.er"} <= set(facts["key names"])
    assert (facts["last"], facts["previous"]) == (299, 299)


def test_histories_of_several_runs_are_read_at_once(scene):
    assert scene("history")["many"] == ["long"]


def test_system_metrics_are_read(scene):
    assert scene("history")["events"] is True


def test_a_range_of_steps_is_scanned_with_the_newer_reader(scene):
    assert scene("history")["beta"] == [0, 1, 2]


def test_config_and_summary_are_changed_after_the_run(scene):
    facts = scene("changes")
    assert facts["config"] == {"kind": "b", "lr": 0.25, "net": {"depth": 1}, "added": {"x": [1]}}
    assert facts["summary"]["more"] == {"er": 1} and "judged" not in facts["summary"]


def test_name_description_notes_group_type_and_tags_are_changed_after_the_run(scene):
    facts = scene("changes")
    assert facts["words"] == ["renamed again", "words", "notes", "z", "eval"]
    assert (facts["tags"], facts["state"]) == (["t1", "kept"], "finished")


def test_files_are_uploaded_to_a_run_and_found_by_name_and_pattern(scene):
    facts = scene("files")
    assert {"a.txt", "b.txt", "empty.txt"} <= set(facts["pattern"])
    assert facts["named"] == ["a.txt", "c.csv"]


def test_a_file_is_downloaded_once_unless_asked_to_replace(scene):
    facts = scene("files")
    assert (facts["text"], facts["size"], facts["mime"]) == ("a.txt", 5, "text/plain")
    assert "already exists" in facts["exists"]


def test_an_empty_file_comes_back_empty(scene):
    assert scene("files")["empty"] == ""


def test_a_file_is_deleted_and_one_that_is_not_there_is_missed(scene):
    assert scene("files")["left"] == ["a.txt", "c.csv"]
    assert "Error" in scene("files")["missing"]


def test_a_run_is_deleted_with_its_artifacts(scene):
    facts = scene("deleting")
    assert (facts["left"], facts["artifact"]) == ([], False)
    assert "Could not find run" in facts["missing"]


def test_the_id_of_a_deleted_run_is_used_again(scene):
    assert scene("deleting")["again"] == "fresh"


def test_a_project_is_made_and_all_are_listed(scene):
    facts = scene("projects")
    assert facts["names"] == ["made", "reading"] and facts["one"] == ["made", "local"]
    assert facts["url"] and facts["id"]


def test_a_project_that_is_not_there_is_refused_in_words(scene):
    assert "Could not find project" in scene("projects")["missing"]


def test_the_viewer_the_owner_and_the_user_are_the_same(scene):
    facts = scene("projects")
    assert (facts["viewer"], facts["owner"], facts["user"]) == (["local", "local"], "local", "local")


def test_a_run_is_found_by_its_path(scene):
    assert scene("projects")["from path"] == "run0"


def test_a_run_is_made_without_training(scene):
    assert scene("created_by_api") == {"state": "running", "a": 1}


def test_a_run_is_watched_until_it_ends(scene):
    assert (scene("runs_that_wait")["before"], scene("runs_that_wait")["after"]) == ("running", "finished")


def test_a_state_that_cannot_be_is_refused_in_words(scene):
    assert "cannot be made pending" in scene("runs_that_wait")["update"]


@pytest.mark.parametrize("what", ["run queues", "teams", "automations", "integrations"])
def test_what_this_server_has_not_is_refused_in_words(scene, what):
    asked = {"run queues": "make queue", "teams": "team"}.get(what, what)
    assert f"this server has no {what}" in scene("refusals")[asked]


def test_a_project_has_no_reports(scene):
    assert scene("refusals")["reports"] == "nothing was raised"


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
