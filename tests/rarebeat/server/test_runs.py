"""What a user does with runs, through the real SDK."""

import json
import textwrap


def state_of(client, run):
    """The run's state; None before there is such a run."""
    return client.script(f"""
        import json, wandb
        found = wandb.Api().runs("local/demo", {{"name": "{run}"}})
        print(json.dumps(next((run.state for run in found), None)))
    """)


def test_a_user_logs_a_run_and_reads_it_back(client):
    found = client.script("""
        import json, wandb
        config = {"lr": 0.1, "net": {"depth": 2}}
        with wandb.init(project="demo", config=config, tags=["t"], notes="n", group="g") as run:
            for step in range(5):
                run.log({"loss": 1 / (step + 1), "val/auc": step / 10})
            run.summary["extra"] = 3
        run = wandb.Api().run(f"local/demo/{run.id}")
        print(json.dumps(dict(
            state=run.state, config=run.config, tags=run.tags, notes=run.notes, group=run.group,
            loss=run.summary["loss"], extra=run.summary["extra"], step=run.lastHistoryStep,
            history=[row["val/auc"] for row in run.history(pandas=False)],
            sampled=[row["loss"] for row in run.history(keys=["loss"], pandas=False, samples=2)],
            scanned=[row["_step"] for row in run.scan_history(keys=["loss"], page_size=2)],
            part=[row["_step"] for row in run.scan_history(min_step=1, max_step=3)])))
    """)
    assert found == {
        "state": "finished", "config": {"lr": 0.1, "net": {"depth": 2}}, "tags": ["t"],
        "notes": "n", "group": "g",
        "loss": 0.2, "extra": 3, "step": 4, "history": [0, 0.1, 0.2, 0.3, 0.4], "sampled": [1, 0.2],
        "scanned": [0, 1, 2, 3, 4], "part": [1, 2],
    }  # fmt: skip


def test_a_user_logs_tables_plots_and_files_and_downloads_them(client):
    found = client.script("""
        import json, wandb
        open("notes.txt", "w").write("a file")
        with wandb.init(project="demo") as run:
            table = wandb.Table(columns=["recall", "precision"], data=[[0.1, 1.0], [0.9, 0.2]])
            run.log({"curve": wandb.plot.line(table, "recall", "precision"), "table": table,
                     "histogram": wandb.Histogram([1, 2, 2]), "matrix": wandb.plot.confusion_matrix(
                         y_true=[0, 1], preds=[0, 1], class_names=["N", "V"])})
            run.save("notes.txt")
            print("to the console")
        api_run = wandb.Api().run(f"local/demo/{run.id}")
        names = [file.name for file in api_run.files()]
        text = api_run.file("notes.txt").download("down").read()
        table = json.load(api_run.file(api_run.summary["table"]["path"]).download("down"))
        logged = [artifact.type for artifact in api_run.logged_artifacts()]
        console = [line.content for line in api_run.console_logs()]
        last = [line.content for line in api_run.console_logs(last=1)]
        print(json.dumps([names, text, table["data"], logged, console, last]))
    """)
    names, text, data, logged, console, last = found
    assert {"notes.txt", "config.yaml", "wandb-summary.json", "wandb-metadata.json"} <= set(names)
    assert (text, data) == ("a file", [[0.1, 1.0], [0.9, 0.2]])
    assert "run_table" in logged
    assert "to the console" in console and last == console[-1:]


def test_values_that_are_not_finite_come_back_as_the_client_writes_them(client):
    found = client.script("""
        import json, math, wandb
        with wandb.init(project="demo") as run:
            run.log({"x": math.nan, "y": math.inf})
        run = wandb.Api().run(f"local/demo/{run.id}")
        print(json.dumps([run.summary["x"], run.summary["y"], len(run.history(pandas=False))]))
    """)
    assert found == ["NaN", "Infinity", 1]


def test_a_user_resumes_a_run_where_it_ended(client):
    found = client.script("""
        import json, wandb
        with wandb.init(project="demo") as run:
            run.log({"a": 1})
        with wandb.init(project="demo", id=run.id, resume="must") as again:
            step = again.starting_step
            again.log({"a": 2})
        run = wandb.Api().run(f"local/demo/{run.id}")
        print(json.dumps([step, run.state, [row["a"] for row in run.history(pandas=False)]]))
    """)
    assert found == [1, "finished", [1, 2]]


def test_a_script_that_raises_leaves_a_failed_run(client):
    code = 'import wandb; wandb.init(project="demo", id="raises1"); raise ValueError("x")'
    assert client.run(["python", "-c", code]).returncode == 1
    assert state_of(client, "raises1") == "failed"


def test_a_user_finds_and_orders_runs_and_changes_them_afterwards(client):
    found = client.script("""
        import json, wandb
        for lr in (0.1, 0.2, 0.3):
            with wandb.init(project="finding", config={"lr": lr}) as run:
                run.log({"best/x": -lr})
        api = wandb.Api()
        best = api.runs("local/finding", order="+summary_metrics.best/x")[0].config["lr"]
        middle = api.runs("local/finding", filters={"config.lr": {"$gt": 0.1, "$lt": 0.3}})
        run = middle[0]
        run.config["added"], run.summary["judged"], run.display_name = 5, "good", "renamed"
        run.tags.append("kept")
        run.update()
        filters = {"tags": "kept", "config.added": 5, "summary_metrics.judged": "good"}
        again = api.runs("local/finding", filters=filters)
        paged = [run.config["lr"] for run in api.runs("local/finding", per_page=2)]
        projects = [project.name for project in api.projects("local")]
        kept = [run.config["lr"] for run in again]
        again[0].delete()
        left = len(wandb.Api().runs("local/finding"))
        print(json.dumps([best, len(middle), kept, paged, "finding" in projects, left]))
    """)
    assert found == [0.3, 1, [0.2], [0.1, 0.2, 0.3], True, 2]


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


def test_the_client_asked_for_nothing_that_the_server_does_not_know(own_server):
    served = own_server()
    served.client.script("""
        import wandb
        with wandb.init(project="p", config={"a": 1}) as run:
            run.log({"a": 1, "t": wandb.Table(columns=["a"], data=[[1]])})
            run.alert("title", "text")
            artifact = wandb.Artifact("m", "model"); artifact.metadata = {"k": 1}
            run.log_artifact(artifact).wait()
            run.link_artifact(artifact, "local/p/linked")
            run.use_artifact("m:latest")
        api = wandb.Api()
        run = api.run(f"local/p/{run.id}")
        run.summary["x"] = 1
        run.update()
        list(run.files()), list(run.scan_history()), list(run.logged_artifacts()), list(run.used_artifacts())
        artifact = api.artifact("local/p/m:v0")
        artifact.aliases.append("good"); artifact.save(); artifact.logged_by(); artifact.used_by()
        [list(kind.collections()) for kind in api.artifact_types("local/p")]
        list(api.artifacts("model", "local/p/m"))
        list(api.project("p", "local").sweeps())
    """)
    done = served.client.run(["rarebeat", "status", "--dir", str(served.directory), "--json"])
    assert json.loads(done.stdout)["unknown_fields"] == {}
