"""What a user does with sweeps, through the real command line and the vendor's agents."""

import re
import textwrap

import pytest

TRAIN = """
    import wandb
    with wandb.init() as run:
        run.log({"best/x": (run.config.x - 2) ** 2})
"""
COMMAND = 'command: ["${env}", "${interpreter}", train.py]'
GRID = f"""
    method: grid
    metric: {{name: best/x, goal: minimize}}
    parameters:
      x: {{values: [1, 2, 3]}}
    {COMMAND}
"""


def test_two_agents_work_through_a_grid_together_and_the_best_run_is_found(client):
    path = client.sweep(GRID, TRAIN)
    agents = [client.start("wandb", "agent", path) for _ in range(2)]
    assert [agent.wait(100) for agent in agents] == [0, 0]
    found = client.sweep_runs(path)
    assert found["state"] == "FINISHED"
    assert sorted(run["config"]["x"] for run in found["runs"]) == [1, 2, 3]
    assert {run["state"] for run in found["runs"]} == {"finished"}
    best = client.script(f"""
        import json, wandb
        sweep = wandb.Api().sweep({path!r})
        best = sweep.best_run()
        print(json.dumps([best.config["x"], best.summary["best/x"], sweep.best_loss, len(sweep.agents()),
                          sum(len(agent.runs()) for agent in sweep.agents())]))
    """)
    assert best == [2, 0, 0, 2, 3]


@pytest.mark.parametrize(
    ("options", "states"),
    [(["--pause", "--resume", "--stop"], ["PAUSED", "RUNNING", "FINISHED"]), (["--cancel"], ["CANCELED"])],
)
def test_a_user_changes_the_state_of_a_sweep(client, options, states):
    path = client.sweep(GRID, TRAIN)
    for option, state in zip(options, states, strict=True):
        assert client.wandb("sweep", option, path).returncode == 0
        assert (
            client.script(f"import json, wandb; print(json.dumps(wandb.Api().sweep({path!r}).state))")
            == state
        )


def test_a_failing_script_leaves_a_failed_run_that_is_not_tried_again(client):
    path = client.sweep(GRID.replace("[1, 2, 3]", "[1]"), TRAIN + "        raise ValueError\n")
    assert client.agent(path).wait(60) == 0
    found = client.sweep_runs(path)
    assert found["state"] == "FINISHED"
    assert [(run["state"], run["config"]["x"]) for run in found["runs"]] == [("failed", 1)]


def test_a_new_sweep_learns_from_prior_runs(client):
    client.script("""
        import wandb
        with wandb.init(project="prior", id="earlier1", config={"x": 1}) as run:
            run.log({"best/x": 1})
    """)
    (client.folder / "train.py").write_text(textwrap.dedent(TRAIN))
    (client.folder / "sweep.yaml").write_text(textwrap.dedent(GRID.replace("[1, 2, 3]", "[1, 2]")))
    done = client.wandb("sweep", "--project", "prior", "-R", "earlier1", "sweep.yaml")
    path = re.search(r"wandb agent (\S+)", done.stderr)[1]
    assert client.agent(path).wait(60) == 0
    assert [run["config"]["x"] for run in client.sweep_runs(path)["runs"]] == [2]


def test_a_sweep_that_cannot_be_searched_is_refused_when_it_is_made(client):
    (client.folder / "bad.yaml").write_text("method: bayes\nparameters: {x: {min: 0.0, max: 1.0}}\n")
    done = client.wandb("sweep", "--project", "p", "bad.yaml")
    assert done.returncode != 0
    assert "method: bayes needs a metric" in done.stderr
