"""Which run an agent is handed: each point once, up to the caps, and what the search is told."""

import json
import threading

import pytest

from rarebeat.server.leases import new_run
from rarebeat.server.scheduling import Scheduler


def test_two_agents_are_given_different_runs_until_the_grid_is_used_up(world):
    w = world()
    first, second = w.agent(), w.agent()
    names = [w.given(first), w.given(second)]
    for name in names:
        w.start(name)
        w.end(name)
    names.append(w.given(first))
    assert sorted(json.loads(w.run(name)["params_json"])["x"] for name in names) == [1, 2, 3]
    w.start(names[2])
    assert w.beat(second) == []  # a run is under way that may have to be started again
    w.end(names[2])
    assert w.beat(second) == [{"type": "exit"}]
    assert w.sweep["state"] == "FINISHED"


def test_many_agents_at_once_are_never_given_the_same_point(world):
    w = world(parameters={"x": {"values": list(range(16))}})
    agents = [w.agent() for _ in range(16)]
    names = []
    threads = [threading.Thread(target=lambda agent=agent: names.append(w.given(agent))) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads(w.run(name)["params_json"])["x"] for name in names) == list(range(16))


def test_the_command_holds_the_sweeps_parameters_and_nothing_else(world):
    w = world()
    [command] = w.beat(w.agent())
    expected = {
        "type": "run",
        "run_id": command["run_id"],
        "program": "train.py",
        "args": {"x": {"value": 1}},
    }
    assert command == expected


def test_a_failed_run_is_not_given_out_again(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.end(name, exit_code=1)
    assert w.state(name) == "failed"
    assert w.given(agent) != name


@pytest.mark.parametrize(
    "search", [{"method": "custom"}, {"controller": {"type": "local"}}, {"scheduler": {"engine": "optuna"}}]
)
def test_a_sweep_that_is_searched_outside_hands_out_what_is_queued_and_nothing_else(world, search):
    w = world(**search)
    agent = w.agent()
    assert w.beat(agent) == []
    with w.store.write() as db:
        name = new_run(db, w.sweep, {"x": 7}, w.now)["name"]
    assert w.given(agent) == name
    assert json.loads(w.run(name)["params_json"]) == {"x": 7}


def test_run_cap_counts_distinct_runs(world):
    w = world(run_cap=1)
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    assert w.beat(w.agent()) == []
    assert w.given(agent) == name  # crashed: the same run again, not another one
    w.start(name)
    w.end(name)
    assert w.sweep["state"] == "FINISHED"  # although no agent may ask any more
    assert w.beat(agent) == [{"type": "exit"}]
    assert w.db.execute("SELECT count(*) FROM runs").fetchone()[0] == 1


def test_the_search_sees_what_was_changed_of_a_run_that_is_over(world):
    w, seen = world(method="bayes", metric={"name": "loss", "goal": "minimize"}), []

    def search(config, runs, seed):
        seen.append([(run.objective, run.state) for run in runs])
        return {"x": len(seen)}

    scheduler = Scheduler(w.store, lambda: w.now, crash_after=90, search=search)
    [command] = scheduler.heartbeat(w.agent(), set())
    w.start(command["run_id"])
    w.log(command["run_id"], loss=0.5, _step=0)
    w.end(command["run_id"])
    scheduler.heartbeat(w.agent(), set())
    w.db.execute("UPDATE runs SET summary_json = '{\"loss\": 0.25}' WHERE name = ?", (command["run_id"],))
    scheduler.heartbeat(w.agent(), set())
    w.db.execute("UPDATE sweeps SET config_json = json_set(config_json, '$.metric.name', 'other')")
    scheduler.heartbeat(w.agent(), set())
    assert [runs[0] for runs in seen[1:]] == [(0.5, "finished"), (0.25, "finished"), (None, "finished")]


def test_what_was_kept_for_the_search_goes_with_the_run_and_with_the_end_of_the_sweep(world):
    w = world(method="random", parameters={"x": {"min": 0.0, "max": 1.0}})
    agent = w.agent()
    names = []
    for _ in range(3):
        names.append(w.given(agent))
        w.start(names[-1])
        w.log(names[-1], loss=0.5, _step=0)
        w.end(names[-1])
    w.given(agent)
    assert kept(w) == 3
    w.db.execute("DELETE FROM runs WHERE name = ?", (names[0],))
    w.db.execute("UPDATE runs SET state = 'killed' WHERE state = 'pending'")
    w.given(agent)
    assert kept(w) == 3  # the killed one is over, too
    w.set_sweep("FINISHED")
    w.scheduler.bury_silent()
    assert kept(w) == 0
    assert len(w.scheduler._locks) == 0


def kept(world):
    return sum(map(len, world.scheduler._over.values()))
