"""Sweeps that are searched on the user's machine, by the vendor's scheduler and ours, with its agents."""

from __future__ import annotations

import pytest

TRAIN = """\
import wandb

with wandb.init() as run:
    config = run.config
    run.config.update({"inactive": [] if config["loss"] == "focal" else ["gamma"]})
    run.log({"score": (config["loss"] == "focal") + (config.get("gamma") or 0) / 10})
"""
COMMAND = 'command: ["${env}", "${interpreter}", train.py]'
# Of the 6 points 4 differ: gamma means nothing to ce, as its runs say.
YAML = f"""
method: {{method}}
scheduler: {{{{engine: {{engine}}}}}}
metric: {{{{name: score, goal: maximize}}}}
parameters:
  loss: {{{{values: [ce, focal]}}}}
  gamma: {{{{values: [0, 1, 2]}}}}
{COMMAND.replace("{", "{{").replace("}", "}}")}
"""


def ended(process) -> int:
    return process.wait(220)


def test_the_vendors_scheduler_searches_with_optuna(client) -> None:
    path = client.sweep(YAML.format(method="custom", engine="optuna") + "\nrun_cap: 3", TRAIN)
    scheduler = client.start("wandb", "sweep-scheduler", "--batch-size", "2", "--poll-interval", "1", path)
    agent = client.agent(path)
    assert [ended(scheduler), ended(agent)] == [0, 0]
    found = client.sweep_runs(path)
    assert found["state"] == "FINISHED"
    states = [run["state"] for run in found["runs"]]
    # The client counts finished runs against the cap, and has queued one or two more by then.
    assert 3 <= states.count("finished") <= 5
    assert set(states) <= {"finished", "killed"}
    assert all(run["config"]["loss"] in ("ce", "focal") for run in found["runs"])


def test_ours_visits_every_point_that_differs_once_with_two_agents_and_ends_the_sweep(client) -> None:
    path = client.sweep(YAML.format(method="grid", engine="wandb"), TRAIN)
    scheduler = client.start("rarebeat", "schedule", "--poll", "1", path)
    agents = [client.agent(path) for _ in range(2)]
    assert [ended(scheduler), *map(ended, agents)] == [0, 0, 0]
    found = client.sweep_runs(path)
    assert found["state"] == "FINISHED"
    assert {run["state"] for run in found["runs"]} == {"finished"}
    points = [(run["config"]["loss"], run["config"]["gamma"]) for run in found["runs"]]
    assert sorted(points) == [("ce", 0), ("focal", 0), ("focal", 1), ("focal", 2)]


@pytest.mark.slow
def test_ours_goes_on_where_it_was_interrupted_and_keeps_to_the_cap(client) -> None:
    path = client.sweep(YAML.format(method="bayes", engine="wandb") + "\nrun_cap: 3", TRAIN)
    first = client.start("rarebeat", "schedule", "--poll", "1", path)
    assert client.agent("--count", "1", path).wait(220) == 0
    first.send_signal(2)
    assert ended(first) == 0
    assert client.sweep_runs(path)["state"] == "RUNNING"
    second = client.start("rarebeat", "schedule", "--poll", "1", "--agents", "2", path)
    assert [ended(client.agent(path)), ended(second)] == [0, 0]
    runs = client.sweep_runs(path)["runs"]
    assert [run["state"] for run in runs] == ["finished"] * 3


def test_a_sweep_that_the_server_searches_is_refused_in_a_sentence(client) -> None:
    path = client.sweep(YAML.format(method="grid", engine="wandb").replace("scheduler", "#"), TRAIN)
    done = client.run(["rarebeat", "schedule", path])
    assert done.returncode == 2
    assert "make one whose YAML says scheduler: {engine: wandb}" in done.stderr
    assert "Traceback" not in done.stderr


def test_runs_of_a_sweep_are_found_by_filter(client) -> None:
    path = client.sweep(YAML.format(method="grid", engine="wandb"), TRAIN)
    found = client.script(f"""
        import json, wandb
        api = wandb.Api()
        sweep = api.sweep({path!r})
        names = [sweep.enqueue_run({{"loss": "ce", "gamma": gamma}}) for gamma in range(3)]
        entity, project, name = {path!r}.split("/")
        answer = api._service_api.execute_graphql(
            "query Q($entity: String!, $project: String!, $sweep: String!, $filters: JSONString!) {{"
            " project(name: $project, entityName: $entity) {{ sweep(sweepName: $sweep) {{"
            " runs(filters: $filters, first: 10) {{ edges {{ node {{ name }} }} }} }} }} }}",
            variables=dict(entity=entity, project=project, sweep=name,
                           filters=json.dumps({{"name": {{"$in": names[1:]}}}})),
        )
        edges = answer["project"]["sweep"]["runs"]["edges"]
        print(json.dumps([names, [edge["node"]["name"] for edge in edges]]))
    """)
    queued, given = found
    assert given == queued[1:]
