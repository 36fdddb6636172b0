"""A user logs all that a run can log, and reads it back."""

import pytest

SCENE = "runs_logging"


def test_a_config_is_changed_while_the_run_goes_on(scene):
    config = {"lr": 0.2, "net": {"depth": 2, "width": [1, 2]}, "none": None, "late": "yes"}
    assert scene("one_run")["config"] == config


def test_every_row_arrives_in_its_order(scene):
    assert scene("one_run")["steps"] == list(range(10))
    assert scene("one_run")["loss"] == pytest.approx([1 / (n + 1) for n in range(10)])


def test_nested_metrics_arrive(scene):
    assert scene("one_run")["deep"] == list(range(10))


def test_the_summary_holds_the_last_values_and_what_the_user_adds(scene):
    summary = {"loss": 0.1, "word": "w4", "extra": 3, "nested": {"a": 1}}
    assert scene("one_run")["summary"] == summary


def test_tags_are_added_to_a_running_run(scene):
    assert scene("one_run")["tags"] == ["a", "b", "c"]


def test_name_notes_group_and_job_type_are_kept(scene):
    assert scene("one_run")["words"] == ["last words", "other words", "g", "train", "finished"]


def test_the_machine_and_the_program_are_told(scene):
    assert {"host", "os", "program", "python", "startedAt"} <= set(scene("one_run")["command"])


def test_define_metric_summarises_by_max_min_mean_last_and_first(scene):
    assert scene("custom_steps")["summary"] == {
        "val/auc": {"max": 5},
        "low": {"min": 1, "mean": 2.75, "last": 2},
        "best": {"first": 3},
    }


def test_define_metric_names_a_step_metric(scene):
    assert any("val/*" in metric.values() for metric in scene("custom_steps")["metrics"])


def test_one_step_is_logged_in_two_calls(scene):
    assert scene("custom_steps")["last"] == [{"at": 1, "beside": 2, "_step": 20}]


def test_values_that_are_not_finite_come_back_as_the_client_writes_them(scene):
    numbers = scene("values")["numbers"]
    assert [numbers[name] for name in ("nan", "inf", "minus")] == ["NaN", "Infinity", "-Infinity"]


def test_booleans_large_numbers_numpy_and_lists_come_back_as_they_were(scene):
    numbers = scene("values")["numbers"]
    assert [numbers[name] for name in ("yes", "big", "f", "list")] == [True, 2**53, 0.5, [1, 2]]


def test_texts_with_odd_characters_come_back_whole(scene):
    assert scene("values")["text"] == "ä\u2028\n\0x" * 3


def test_a_line_of_two_million_characters_comes_back_whole(scene):
    assert (scene("values")["long"], scene("values")["rows"]) == (2_000_000, 2)


def test_tables_images_html_and_histograms_are_logged(scene):
    assert scene("media")["types"] == {
        "table": "table-file",
        "image": "image-file",
        "images": "images/separated",
        "html": "html-file",
        "histogram": "histogram",
    }


def test_plots_of_the_client_are_told_of_in_the_config(scene):
    assert scene("media")["plots"] == ["curve", "matrix"]


def test_a_table_is_downloaded_as_it_was_logged(scene):
    assert scene("media")["data"] == '{"columns":["recall","precision"],"data":[[0.1,1.0],[0.9,0.2]]}'


def test_an_image_is_downloaded_as_a_png(scene):
    assert scene("media")["image"] == "89504e47"


def test_a_histogram_keeps_its_bins(scene):
    assert sum(scene("media")["bins"]) == 3


def test_all_files_of_a_run_are_listed_over_several_pages(scene):
    names = scene("media")["files"]
    expected = {"config.yaml", "requirements.txt", "wandb-metadata.json", "wandb-summary.json"}
    assert expected <= set(names) and len(names) > 9 and scene("media")["sizes"] > 0


def test_tables_are_artifacts_of_the_run(scene):
    assert scene("media")["logged"] == ["run_table"] * 3


def test_files_are_saved_now_live_and_at_the_end(scene):
    assert scene("saved_files")["texts"] == ["1", "22", "22"]


def test_a_saved_file_is_restored_elsewhere(scene):
    assert scene("saved_files")["restored"] == "22"


def test_the_console_is_kept_with_progress_bars_as_they_ended(scene):
    lines = scene("console")["lines"]
    assert lines[:3] == ["first line", "progress 100%", "an error"]
    assert lines[3:6] == ["after 0", "after 1", "after 2"]


def test_errors_on_the_console_are_marked(scene):
    assert scene("console")["levels"] == ["error"]


def test_the_last_lines_of_the_console_are_read_alone(scene):
    assert scene("console")["last"] == scene("console")["lines"][-1:]


def test_the_console_is_a_file_too(scene):
    assert "progress 100%\nan error\n" in scene("console")["file"]


def test_several_runs_go_on_at_once_in_one_process(scene):
    assert scene("many_at_once") == {"many0": 0, "many1": 19, "many2": 38}


def test_a_run_in_a_thread_keeps_its_rows(scene):
    assert scene("in_a_thread") == [1, 2]


def test_a_disabled_run_sends_nothing(scene):
    assert "nowhere" not in scene("disabled")


def test_code_is_logged_as_an_artifact(scene):
    assert scene("code") == ["code"]


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
