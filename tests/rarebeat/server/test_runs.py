"""What a user does with runs, through the real SDK."""

import textwrap


def state_of(client, run):
    """The run's state; None before there is such a run."""
    return client.script(f"""
        import json, wandb
        found = wandb.Api().runs("local/demo", {{"name": "{run}"}})
        print(json.dumps(next((run.state for run in found), None)))
    """)


def test_a_script_that_raises_leaves_a_failed_run(client):
    code = 'import wandb; wandb.init(project="demo", id="raises1"); raise ValueError("x")'
    assert client.run(["python", "-c", code]).returncode == 1
    assert state_of(client, "raises1") == "failed"


def test_a_user_stops_a_run_from_elsewhere(client, eventually):
    client.script('import wandb; wandb.init(project="demo").finish()')
    train = """
        import time, wandb
        with wandb.init(project="demo", id="stopped1") as run:
            while True:
                run.log({"a": 1}); time.sleep(0.1)
    """
    (client.folder / "train.py").write_text(textwrap.dedent(train))
    process = client.start("python", "train.py")
    eventually(lambda: state_of(client, "stopped1") == "running", "running")
    client.script('import wandb; wandb.Api().run("local/demo/stopped1").stop()')
    assert process.wait(30) != 0
    assert state_of(client, "stopped1") == "killed"


def test_a_process_that_joins_a_shared_run_after_others_ended_clears_nothing(client):
    train = """
        import json, os, wandb
        settings = wandb.Settings(mode="shared", x_label="rank" + os.environ["RANK"])
        with wandb.init(project="demo", id="shared1", settings=settings) as run:
            run.log({"rank" + os.environ["RANK"]: 1})
        rows = wandb.Api().run("local/demo/shared1").scan_history(keys=["rank0"])
        print(json.dumps(len(list(rows))))
    """
    assert [client.script(train, RANK=rank) for rank in "01"] == [1, 1]


def test_a_user_syncs_a_run_that_was_made_offline(client):
    run_id = client.script(
        """
        import json, wandb
        with wandb.init(project="offline", config={"lr": 0.1}) as run:
            run.log({"a": 1})
            artifact = wandb.Artifact("made-offline", "model")
            with artifact.new_file("x.txt") as file:
                file.write("x")
            run.log_artifact(artifact)
        print(json.dumps(run.id))
        """,
        WANDB_MODE="offline",
    )
    [folder] = client.folder.glob("wandb/offline-run-*")
    done = client.wandb("sync", str(folder))
    assert done.returncode == 0, done.stderr
    found = client.script(f"""
        import json, wandb
        run = wandb.Api().run("local/offline/{run_id}")
        print(json.dumps([run.state, run.config, run.summary["a"], [a.name for a in run.logged_artifacts()]]))
    """)
    assert found == ["finished", {"lr": 0.1}, 1, ["made-offline:v0"]]
