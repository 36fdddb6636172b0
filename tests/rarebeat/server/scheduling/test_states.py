"""What ends, pauses or stops a sweep and its runs."""

import json

import pytest

from rarebeat.server.errors import NotFound

METRIC = {"name": "loss", "goal": "minimize"}


@pytest.mark.parametrize(
    ("goal", "target", "logged"),
    [
        ("minimize", 0.5, [0.4]),
        ("maximize", 0.3, [0.4]),
        # What a run counts in the search counts here, also where it had fallen back by its end.
        ("minimize", 0.25, [0.2, 0.9, 0.5]),
        ("maximize", 0.85, [0.2, 0.9, 0.5]),
    ],
)
def test_a_reached_target_ends_the_sweep(world, goal, target, logged):
    w = world(metric={"name": "loss", "goal": goal, "target": target})
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    for step, value in enumerate(logged):
        w.log(name, loss=value, _step=step)
    w.end(name)
    assert w.beat(agent) == [{"type": "exit"}]
    assert w.sweep["state"] == "FINISHED"


def test_a_target_is_reached_by_runs_of_the_sweep_and_not_by_those_that_it_learns_from(world):
    w = world(metric={"name": "loss", "target": 0.3})
    w.db.execute(
        "INSERT INTO runs (project_id, name, state, summary_json, created_at, heartbeat_at) "
        "VALUES (1, 'earlier', 'finished', '{\"loss\": 0.1}', 0, 0)"
    )
    w.db.execute("UPDATE sweeps SET prior_runs_json = ?", (json.dumps({"$or": [{"name": "earlier"}]}),))
    assert w.given(w.agent())


def test_the_point_of_a_deleted_run_comes_again_while_others_are_under_way(world):
    w = world()
    agents = [w.agent() for _ in range(3)]
    names = [w.given(agent) for agent in agents]
    for name in names:
        w.start(name)
    w.end(names[1])
    assert w.beat(agents[1]) == []
    w.delete(names[1])
    again = w.given(agents[1])
    assert w.run(again)["params_json"] == '{"x":2}'


def test_the_point_of_a_run_that_was_deleted_from_an_ended_sweep_comes_when_it_is_resumed(world):
    w = world()
    agent = w.agent()
    for _ in range(3):
        name = w.given(agent)
        w.start(name)
        w.end(name)
    assert w.beat(agent) == [{"type": "exit"}]
    w.delete(name)
    assert w.beat(agent) == [{"type": "exit"}]
    w.set_sweep("RUNNING")
    assert w.run(w.given(agent))["params_json"] == '{"x":3}'


def test_a_paused_sweep_hands_out_nothing_and_goes_on_when_resumed(world):
    w = world()
    agent = w.agent()
    w.set_sweep("PAUSED")
    assert w.beat(agent) == []
    w.set_sweep("RUNNING")
    assert w.given(agent)


def test_a_stopped_sweep_lets_its_runs_end(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.set_sweep("FINISHED")
    assert w.beat(agent, name) == []
    w.end(name)
    assert w.beat(agent) == [{"type": "exit"}]
    assert w.state(name) == "finished"


def test_a_canceled_sweep_kills_its_runs(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.set_sweep("CANCELED")
    assert w.beat(agent, name) == [{"type": "exit"}]
    assert w.state(name) == "killed"


def test_a_run_that_is_to_stop_is_told_so_until_it_is_gone_and_was_killed(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.db.execute("UPDATE runs SET stop_requested = 1")
    for _ in range(2):
        assert w.beat(agent, name) == [{"type": "stop", "run_id": name}]
    assert w.given(agent) != name
    assert w.state(name) == "killed"


def test_early_terminate_stops_the_worse_run(world):
    # eta 2, band 1: the threshold of the losses 1, 2 and 9 there is sorted[3 // 2] = 2, and 9 is worse.
    rule = {"type": "hyperband", "min_iter": 1, "eta": 2}
    w = world(metric=METRIC, early_terminate=rule)
    agents = [w.agent() for _ in range(3)]
    names = [w.given(agent) for agent in agents]
    for name, loss in zip(names, (1.0, 2.0, 9.0), strict=True):
        w.start(name)
        w.log(name, loss=loss, _step=0)
    assert [w.beat(agent, name) for agent, name in zip(agents, names, strict=True)] == [
        [], [], [{"type": "stop", "run_id": names[2]}]
    ]  # fmt: skip
    assert w.log(names[2], loss=8.0, _step=1)["stopped"] is True


def test_an_agent_of_a_deleted_sweep_is_told_404(world):
    with pytest.raises(NotFound) as raised:
        world().beat(77)
    assert raised.value.status == 404
