"""Leases, silence and attempts: what crashed is given out again; only the attempt that counts is heard."""

import json

from rarebeat.server.scheduling import Scheduler


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


def test_a_run_that_was_preempted_ten_times_is_still_given_out_and_may_crash_twice(world):
    w = world()
    agent = w.agent()
    name = w.given(agent)
    for _ in range(10):
        w.start(name)
        w.beat(agent, name)
        w.post(name, preempting=True)
        w.end(name, exit_code=1)
        agent = w.agent()
        [command] = w.beat(agent)
        assert (command["type"], command["run_id"]) == ("resume", name)
    w.start(name)
    assert w.given(agent) == name
    assert w.run(name)["attempt"] == 2


def test_a_run_that_takes_its_agent_down_is_not_given_out_for_ever(world):
    w = world()
    names = []
    for _ in range(4):
        agent = w.agent()
        names.append(w.given(agent))
        w.start(names[-1])
        w.beat(agent, names[-1])
        w.now += 91
        w.scheduler.bury_silent()
    assert len(set(names[:3])) == 1 and names[3] != names[0]


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


def test_the_last_complete_of_a_run_settles_nothing_wrong_when_it_is_sent_twice(world):
    w = world()
    name = w.given(w.agent())
    w.start(name)
    w.end(name)
    w.end(name)
    w.post(name)
    assert w.state(name) == "finished"
