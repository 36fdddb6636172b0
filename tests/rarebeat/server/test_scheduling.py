"""The heartbeat's decisions on a real database, with a clock that the test turns."""

import json
import threading

import pytest

from rarebeat.server.errors import NotFound
from rarebeat.server.file_stream import receive
from rarebeat.server.leases import new_run
from rarebeat.server.operations.runs import _start_again
from rarebeat.server.scheduling import Scheduler
from rarebeat.server.store import Store

GRID = {"method": "grid", "parameters": {"x": {"values": [1, 2, 3]}}, "program": "train.py"}
METRIC = {"name": "loss", "goal": "minimize"}


class World:
    """One project with one sweep; agents and runs do as the test says."""

    def __init__(self, folder, config):
        self.now = 1000.0
        self.store = Store(folder / "tracking.db")
        self.db = self.store.connection
        self.db.execute("INSERT INTO projects VALUES (1, 'local', 'p', NULL, 0)")
        self.db.execute(
            "INSERT INTO sweeps (id, project_id, name, state, config_yaml, config_json, seed, created_at, "
            "updated_at) VALUES (1, 1, 'sw', 'RUNNING', '', ?, 0, 0, 0)",
            (json.dumps(config),),
        )
        self.scheduler = Scheduler(self.store, lambda: self.now, crash_after=90)

    def agent(self):
        query = "INSERT INTO agents (sweep_id, host, created_at, heartbeat_at) VALUES (1, 'h', ?, ?)"
        return self.db.execute(query, (self.now, self.now)).lastrowid

    def beat(self, agent, *alive):
        return self.scheduler.heartbeat(agent, set(alive))

    def given(self, agent):
        """The run that the agent is told to start."""
        [command] = self.beat(agent)
        assert command["type"] == "run"
        return command["run_id"]

    def start(self, name):
        with self.store.write() as db:
            _start_again(db, self.run(name), self.now)

    def post(self, name, **body):
        return receive(self.store, "local", "p", name, json.dumps(body).encode(), self.now)

    def log(self, name, **row):
        files = {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps(row)]},
                 "wandb-summary.json": {"offset": 0, "content": [json.dumps(row)]}}  # fmt: skip
        return self.post(name, files=files)

    def end(self, name, exit_code=0):
        self.post(name, complete=True, exitcode=exit_code)

    def run(self, name):
        return self.db.execute("SELECT * FROM runs WHERE name = ?", (name,)).fetchone()

    def state(self, name):
        return self.run(name)["state"]

    @property
    def sweep(self):
        return self.db.execute("SELECT * FROM sweeps").fetchone()

    def set_sweep(self, state):
        self.db.execute("UPDATE sweeps SET state = ?", (state,))


@pytest.fixture
def world(tmp_path):
    return lambda **config: World(tmp_path, {**GRID, **config})


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


def test_a_run_whose_process_is_gone_has_crashed_and_is_given_out_again_under_its_name(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.log(name, loss=5.0, _step=0)
    assert w.beat(agent, name) == []
    assert w.given(agent) == name
    assert (w.state(name), w.run(name)["attempt"]) == ("pending", 2)
    assert w.run(name)["history_lines"] == 1  # kept until the new attempt really starts
    w.start(name)
    assert (w.run(name)["history_lines"], w.run(name)["summary_json"]) == (0, "{}")
    assert json.loads(w.run(name)["params_json"]) == {"x": 1}


def test_after_three_attempts_a_run_stays_crashed_and_the_sweep_goes_on(world):
    w = world()
    agent = w.agent()
    attempts = []
    for _ in range(3):
        attempts.append(w.given(agent))
        w.start(attempts[-1])
    following = w.given(agent)
    assert len(set(attempts)) == 1 and following != attempts[0]
    assert w.state(attempts[0]) == "crashed"


def test_a_failed_run_is_not_given_out_again(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.end(name, exit_code=1)
    assert w.state(name) == "failed"
    assert w.given(agent) != name


def test_a_preempted_run_is_resumed_with_what_it_had(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.log(name, loss=5.0, _step=0)
    w.post(name, preempting=True)
    w.end(name, exit_code=1)
    assert w.state(name) == "preempted"
    [command] = w.beat(w.agent())
    assert (command["type"], command["run_id"]) == ("resume", name)
    assert w.run(name)["history_lines"] == 1


def test_a_lease_that_was_never_started_goes_to_another_agent_and_is_no_attempt(world):
    w = world()
    name = w.given(w.agent())
    w.now += 91
    w.scheduler.bury_silent()
    assert w.given(w.agent()) == name
    assert w.run(name)["attempt"] == 1


def test_a_run_and_its_agent_that_fall_silent_have_crashed(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.beat(agent, name)
    w.now += 89
    w.scheduler.bury_silent()
    assert w.state(name) == "running"
    w.now += 2
    w.scheduler.bury_silent()
    assert w.state(name) == "crashed"


def test_a_silent_run_lives_as_long_as_its_agent_lists_it(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.now += 91
    w.beat(agent, name)
    w.scheduler.bury_silent()
    assert w.state(name) == "running"


def test_a_crashed_run_that_speaks_again_was_only_out_of_reach(world):
    w = world()
    name = w.given(w.agent())
    w.start(name)
    w.now += 91
    w.scheduler.bury_silent()
    assert w.state(name) == "crashed"
    assert w.post(name)["stopped"] is False
    assert w.state(name) == "running"


def test_a_process_of_an_attempt_that_was_given_up_is_told_to_stop_and_does_not_count(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.beat(agent)  # the agent has lost it, and gets it again
    assert w.log(name, loss=1.0, _step=0)["stopped"] is True
    assert (w.state(name), w.run(name)["history_lines"]) == ("pending", 0)


def test_an_agent_that_was_out_of_reach_has_its_run_again(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.now += 91
    w.scheduler.bury_silent()
    assert w.beat(agent, name) == []
    assert w.state(name) == "running"
    assert w.given(w.agent()) != name
    assert w.given(agent) == name  # its process has gone after all, which only its own agent can tell at once


def test_an_agent_that_was_out_of_reach_too_long_is_told_to_stop_the_run_that_another_has(world):
    w = world()
    first, second = w.agent(), w.agent()
    name = w.given(first)
    w.start(name)
    w.now += 91
    w.scheduler.bury_silent()
    assert w.given(second) == name
    w.start(name)
    assert w.beat(first, name) == [{"type": "stop", "run_id": name}]
    assert w.beat(second, name) == []


def test_a_new_attempt_has_none_of_the_lost_ones_files_and_outputs_but_its_checkpoints(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    run = w.run(name)["id"]
    for file in ("plot.png", "checkpoint/epoch-0.npz"):
        w.db.execute("INSERT INTO files (run_id, name, updated_at) VALUES (?, ?, 0)", (run, file))
    w.db.execute("INSERT INTO collections VALUES (1, 1, 'model', 'ArtifactSequence', 'model', '', 0, 0)")
    w.db.execute(
        "INSERT INTO artifacts (id, collection_id, state, digest, created_at, updated_at) "
        "VALUES (1, 1, 'COMMITTED', 'd', 0, 0)"
    )
    w.db.execute("INSERT INTO outputs VALUES (?, 1)", (run,))
    assert w.given(agent) == name
    w.start(name)
    counts = [
        w.db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("files", "outputs", "artifacts")
    ]
    assert counts == [1, 0, 1]
    assert w.db.execute("SELECT name FROM files").fetchone()[0] == "checkpoint/epoch-0.npz"


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


def test_after_a_server_was_away_silence_is_counted_from_its_start(world):
    w = world()
    name = w.given(w.agent())
    w.start(name)
    w.now += 3600
    again = Scheduler(w.store, lambda: w.now, crash_after=90)
    again.bury_silent()
    assert w.state(name) == "running"
    w.now += 91
    again.bury_silent()
    assert w.state(name) == "crashed"


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


@pytest.mark.parametrize(("goal", "target"), [("minimize", 0.5), ("maximize", 0.3)])
def test_a_reached_target_ends_the_sweep(world, goal, target):
    w = world(metric={"name": "loss", "goal": goal, "target": target})
    agent = w.agent()
    name = w.given(agent)
    w.start(name)
    w.log(name, loss=0.4, _step=0)
    w.end(name)
    assert w.beat(agent) == [{"type": "exit"}]
    assert w.sweep["state"] == "FINISHED"


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


def test_the_last_complete_of_a_run_settles_nothing_wrong_when_it_is_sent_twice(world):
    w = world()
    name = w.given(w.agent())
    w.start(name)
    w.end(name)
    w.end(name)
    w.post(name)
    assert w.state(name) == "finished"


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
