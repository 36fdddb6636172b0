"""From the embedded server to another one: here a second embedded server plays W&B's cloud."""

import textwrap
from dataclasses import replace

import pytest

from rarebeat.server import daemon

YAML = """
    method: bayes
    metric: {name: best/x, goal: minimize}
    run_cap: 2
    parameters:
      x: {min: 0.0, max: 1.0}
    command: ["${env}", "${interpreter}", train.py]
"""
TRAIN = """
    import wandb
    with wandb.init() as run:
        print("hello from", run.id)
        for step in range(5):
            run.log({"best/x": run.config.x + step, "step": step})
        open("note.txt", "w").write(run.id)
        run.save("note.txt", policy="now")
        artifact = wandb.Artifact("model", "model")
        with artifact.new_file("weights.txt") as file:
            file.write(str(run.config.x))
        run.log_artifact(artifact)
"""
FACTS = """
    import json, wandb
    facts = {}
    for run in wandb.Api().runs("local/%s"):
        files = {file.name for file in run.files()}
        facts[run.id] = [
            run.state, run.config, run.summary["best/x"], [row["step"] for row in run.scan_history()],
            sorted(files & {"note.txt", "config.yaml", "output.log"}), len(run.logged_artifacts()),
        ]
    print(json.dumps(facts))
"""


@pytest.fixture
def cloud(tmp_path):
    directory = tmp_path / "cloud"
    yield daemon.start(directory)
    daemon.stop(directory)


@pytest.mark.slow
def test_runs_move_with_wandb_sync_and_models_with_wandb_artifact(client, cloud):
    path = client.sweep(YAML, TRAIN)
    assert client.agent(path).wait(120) == 0
    project = path.split("/")[1]
    before = client.script(FACTS % project)
    assert len(before) == 2

    there = replace(client, env={**client.env, **cloud.environment})
    folders = [str(folder) for folder in (client.folder / "wandb").glob("run-*")]
    done = there.wandb("sync", "--include-online", "--include-synced", "--entity", "local", *folders)
    assert done.returncode == 0, done.stderr
    after = there.script(FACTS % project)
    assert {name: facts[:-1] for name, facts in after.items()} == {
        name: facts[:-1] for name, facts in before.items()
    }
    assert [facts[-1] for facts in after.values()] == [0, 0]  # artifacts are not in these folders

    assert client.wandb("artifact", "get", f"local/{project}/model:v1", "--root", "down").returncode == 0
    put = there.wandb("artifact", "put", "--name", f"local/{project}/model", "--type", "model", "down")
    assert put.returncode == 0, put.stderr
    weights = there.script(f"""
        import json, wandb
        folder = wandb.Api().artifact("local/{project}/model:v0").download("again")
        print(json.dumps(open(folder + "/weights.txt").read()))
    """)
    assert weights == (client.folder / "down" / "weights.txt").read_text()

    (client.folder / "sweep.yaml").write_text(textwrap.dedent(YAML))
    runs = [word for run in before for word in ("-R", run)]
    assert there.wandb("sweep", "--project", project, *runs, "sweep.yaml").returncode == 0
