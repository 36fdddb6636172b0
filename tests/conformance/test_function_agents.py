"""A user makes sweeps in Python and works through them with an agent that calls a function."""

import pytest

SCENE = "function_agents"


def test_a_grid_is_worked_through_once(scene):
    facts = scene("grid")
    assert facts["seen"] == [[1, 2, True], [2, 2, True], [3, 2, True]]
    assert (facts["runs"], facts["states"], facts["state"]) == ([1, 2, 3], ["finished"], "FINISHED")


def test_the_best_run_of_a_sweep_is_found(scene):
    assert (scene("grid")["best"], scene("grid")["loss"]) == (2, 0)


def test_a_sweep_has_its_name_config_and_address(scene):
    facts = scene("grid")
    assert (facts["name"], facts["config"], facts["url"], facts["run"]) == ("a grid", "grid", True, [True])


def test_the_agents_of_a_sweep_and_their_runs_are_told(scene):
    assert scene("grid")["agents"] == [1, [3], "EXITED"]


def test_agents_leave_after_their_count_and_the_sweep_stays_open(scene):
    assert scene("count_of_an_agent") == {"state": "RUNNING", "done": [1, 2]}


BOUNDS = {
    "uniform": (0, 1),
    "int_uniform": (1, 9),
    "log_uniform": (0.04, 1),
    "log_uniform_values": (1e-4, 1e-1),
    "inv_log_uniform_values": (0.1, 0.9),
    "normal": (4, 6),
    "log_normal": (0.5, 2),
    "beta": (0, 1),
}
STEPS = {"q_uniform": 0.25, "q_log_uniform_values": 5, "q_normal": 0.5}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_distribution_stays_within_its_bounds(scene, name):
    low, high = BOUNDS[name]
    assert all(low <= seen[name] <= high for seen in scene("distributions")["seen"])


@pytest.mark.parametrize("name", STEPS)
def test_a_stepped_distribution_keeps_to_its_steps(scene, name):
    assert all(seen[name] % STEPS[name] == 0 for seen in scene("distributions")["seen"])


def test_categories_constants_and_nested_parameters_come_as_they_were_written(scene):
    for seen in scene("distributions")["seen"]:
        assert seen["categorical"] in ["a", 1, None, True]
        assert (seen["weighted"], seen["constant"]) == ("rare", [1, {"a": "b"}])
        assert 0 <= seen["nested"]["inner"]["x"] <= 1


def test_a_run_cap_ends_a_sweep(scene):
    facts = scene("distributions")
    assert (facts["state"], len(facts["seen"])) == ("FINISHED", 2)


def test_a_reached_target_ends_a_sweep(scene):
    assert scene("target") == {"state": "FINISHED", "runs": 2, "best": 0.4}


def test_hyperband_stops_the_run_that_is_behind(scene):
    assert scene("early_stopping")["runs"] == {"1": "finished", "2": "finished", "9": "killed"}


def test_runs_that_are_queued_by_hand_are_worked_through_in_their_order(scene):
    assert scene("queued") == {"same": True, "x": [7, 8], "name": "by hand"}


def test_a_local_controller_searches_a_sweep(scene):
    assert scene("local_controller") == {"ran": [1, 2], "state": "FINISHED", "code": 0}


def test_sweeps_are_listed_over_pages_and_by_filters(scene):
    facts = scene("listed")
    assert facts["all"][0] == facts["all"][1] >= 6
    assert (facts["states"], facts["by method"]) == (["FINISHED"], 2)


def test_a_sweep_that_is_not_there_or_cannot_be_searched_is_refused_in_words(scene):
    assert "Could not find sweep" in scene("listed")["missing"]
    assert "metric" in scene("listed")["bad"]


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
