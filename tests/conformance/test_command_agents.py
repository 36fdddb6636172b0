"""A user makes and steers sweeps on the command line, and agents work through them."""

import pytest

SCENE = "command_agents"
pytestmark = pytest.mark.slow


def test_a_run_that_dies_is_tried_three_times_in_all(scene):
    assert (scene("hard_runs")["tries"], scene("hard_runs")["states"]["1"]) == (3, "crashed")


def test_a_preempted_run_is_resumed_with_its_history(scene):
    facts = scene("hard_runs")
    assert (facts["states"]["2"], facts["preempted"]) == ("finished", [0, 1])


def test_a_failed_run_is_not_tried_again_and_the_sweep_ends(scene):
    facts = scene("hard_runs")
    assert (facts["states"]["3"], facts["state"], facts["codes"]) == ("failed", "FINISHED", [0, 0])


def test_two_agents_share_a_sweep(scene):
    assert scene("hard_runs")["agents"] == 2


def test_a_sweep_is_named_by_an_option_and_its_address_is_printed(scene):
    facts = scene("made_and_changed_by_command")
    assert (facts["name"], facts["url"]) == ("by option", True)


def test_a_sweep_is_paused_resumed_stopped_and_canceled(scene):
    states = ["PAUSED", "RUNNING", "FINISHED", "RUNNING", "CANCELED"]
    assert scene("made_and_changed_by_command")["states"] == [[0, state] for state in states]


def test_the_config_of_a_sweep_is_updated(scene):
    facts = scene("made_and_changed_by_command")
    assert (facts["update"], facts["values"]) == (0, [7])


def test_a_canceled_sweep_cannot_be_paused(scene):
    assert "Cannot pause canceled sweep" in scene("made_and_changed_by_command")["refused"]


def test_canceling_kills_the_run_and_sends_its_agent_home(scene):
    assert scene("canceled_under_an_agent") == {"code": 0, "state": "CANCELED", "runs": ["killed"]}


def test_a_sweep_learns_from_a_prior_run(scene):
    assert scene("prior_runs") == {"code": 0, "tried": [2, 3]}


def test_the_vendors_scheduler_searches_with_optuna(scene):
    facts = scene("vendors_scheduler")
    assert (facts["codes"], facts["state"]) == ([0, 0], "FINISHED")
    # The client counts finished runs against the cap, and has queued one or two more by then.
    assert 3 <= facts["runs"].count("finished") <= 5 and set(facts["runs"]) <= {"finished", "killed"}


def test_nothing_was_asked_for_that_the_server_does_not_know(scene):
    assert scene.unknown_fields() == {}
