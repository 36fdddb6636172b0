"""What a user reads and changes afterwards through `wandb.Api`."""

from __future__ import annotations

from pathlib import Path

import wandb
from scene import play, raised, restart, step, wait_until

PROJECT = "reading"
PATH = f"local/{PROJECT}"


def told(run_id: str) -> wandb.apis.public.Run:
    return wandb.Api().run(f"{PATH}/{run_id}")


def found(filters: dict | None = None, order: str = "+created_at", **more: object) -> list[str]:
    return [run.id for run in wandb.Api().runs(PATH, filters=filters, order=order, **more)]


@step
def three_runs() -> dict:
    for n, lr in enumerate((0.1, 0.2, 0.3)):
        config = {"lr": lr, "net": {"depth": n}, "kind": "abc"[n]}
        with wandb.init(
            project=PROJECT, id=f"run{n}", config=config, group="gh"[n % 2], tags=[f"t{n}", "all"]
        ) as run:
            run.log({"best/x": -lr, "deep": {"er": n}})
            if n == 1:
                restart()
                run.log({"only": 1})
    return {
        "all": found(),
        "none": found({"config.lr": 5}),
        "between": found({"config.lr": {"$gt": 0.1, "$lt": 0.3}}),
        "nested": found({"config.net.depth": {"$gte": 1}}),
        "or": found({"$or": [{"config.kind": "a"}, {"name": "run2"}]}),
        "not": found({"config.kind": {"$ne": "a"}}),
        "in": found({"config.kind": {"$in": ["a", "b"]}}),
        "not in": found({"config.kind": {"$nin": ["a", "b"]}}),
        "tag": found({"tags": "t1"}),
        "tags": found({"tags": {"$in": ["t0", "t2"]}}),
        "group": found({"group": "g"}),
        "regex": found({"display_name": {"$regex": "run[12]"}}),
        "exists": found({"summary_metrics.only": {"$exists": True}}),
        "state": found({"$and": [{"state": "finished"}, {"createdAt": {"$gt": "2020-01-01"}}]}),
        "best": found(order="+summary_metrics.best/x"),
        "worst": found(order="-summary_metrics.best/x"),
        "by config": found(order="-config.lr"),
        "deep": found({"summary_metrics.deep.er": 2}),
        "paged": found(per_page=1),
        "length": len(wandb.Api().runs(PATH, filters={"group": "g"})),
        "new": found(order="-created_at"),
        "refused": raised(lambda: found({"config.lr": {"$near": 1}})),
    }


@step
def history() -> dict:
    with wandb.init(project=PROJECT, id="long") as run:
        for n in range(300):
            run.log({"a": n, "even": n // 2} if n % 2 == 0 else {"a": n, "deep": {"er": n}})
            if n == 150:
                restart()
    run = told("long")
    api = wandb.Api()
    return {
        "sampled": len(run.history(samples=50, pandas=False)),
        "ends": [run.history(samples=50, pandas=False)[n]["a"] for n in (0, -1)],
        "keys": sorted(run.history(keys=["even"], samples=10, pandas=False)[0]),
        "both": [row["_step"] for row in run.history(keys=["a", "even"], pandas=False)][:3],
        "x axis": [row["a"] for row in run.history(keys=["even"], x_axis="a", samples=3, pandas=False)],
        "scan": [row["a"] for row in run.scan_history()] == list(range(300)),
        "page": [row["a"] for row in run.scan_history(page_size=7, min_step=10, max_step=20)],
        "scan keys": len(list(run.scan_history(keys=["even"], page_size=11))),
        "nested": [row["deep.er"] for row in run.scan_history(keys=["deep.er"])][:2],
        "nested sample": [row["deep.er"] for row in run.history(keys=["deep.er"], samples=200, pandas=False)][
            :2
        ],
        "frame": list(run.history(keys=["a"], samples=5).columns),
        "last": run.lastHistoryStep,
        "key names": sorted(run.history_keys["keys"]),
        "previous": run.history_keys["keys"]["a"].get("previousValue"),
        "many": sorted(
            {
                row["run_id"]
                for row in api.runs(PATH, filters={"name": "long"}).histories(samples=3, format="default")
            }
        ),
        "events": run.history(stream="system", pandas=False) is not None,
        "beta": [row["a"] for row in run.beta_scan_history(keys=["a"], min_step=0, max_step=3)],
    }


@step
def changes() -> dict:
    run = told("run1")
    run.config["added"], run.config["lr"] = {"x": [1]}, 0.25
    run.summary["judged"] = "good"
    run.summary.update({"more": {"er": 1}})
    run.display_name, run.description, run.notes, run.group, run.job_type = (
        "renamed",
        "words",
        "notes",
        "z",
        "eval",
    )
    run.tags.append("kept")
    run.tags.remove("all")
    run.update()
    restart()
    again = told("run1")
    del again.summary["judged"]
    again.summary.update()
    again.name = "renamed again"
    again.save()
    after = told("run1")
    return {
        "config": after.config,
        "summary": dict(after.summary_metrics),
        "tags": after.tags,
        "words": [after.name, after.description, after.notes, after.group, after.job_type],
        "state": after.state,
        "raw": "added" in after.rawconfig,
    }


@step
def files() -> dict:
    Path("up").mkdir()
    for name in ("a.txt", "b.txt", "c.csv"):
        Path("up", name).write_text(name)
        told("run0").upload_file(f"up/{name}", root="up")
    restart()
    run = told("run0")
    Path("empty.txt").write_text("")
    run.upload_file("empty.txt")
    names = [file.name for file in run.files(pattern="%.txt")]
    run.file("b.txt").delete()
    again = told("run0")
    file = again.file("a.txt")
    return {
        "pattern": sorted(names),
        "named": [file.name for file in run.files(["a.txt", "c.csv"])],
        "left": sorted(f.name for f in again.files() if f.name[1:] in (".txt", ".csv")),
        "text": file.download("got", replace=True).read(),
        "size": file.size,
        "mime": file.mimetype,
        "exists": raised(lambda: file.download("got")),
        "count": len(again.files()),
        "missing": raised(lambda: again.file("nothing.txt")),
        "empty": again.file("empty.txt").download("got").read(),
    }


@step
def deleting() -> dict:
    with wandb.init(project=PROJECT, id="doomed") as run:
        artifact = wandb.Artifact("of-doomed", "model")
        with artifact.new_file("x.txt") as file:
            file.write("x")
        run.log_artifact(artifact).wait()
    with wandb.init(project=PROJECT, id="doomed2") as run:
        run.log({"a": 1})
    told("doomed").delete(delete_artifacts=True)
    restart()
    told("doomed2").delete()
    api = wandb.Api()
    with wandb.init(project=PROJECT, id="doomed2") as run:
        run.log({"b": 1})
    return {
        "left": found({"name": "doomed"}),
        "missing": raised(lambda: told("doomed")),
        "artifact": api.artifact_exists(f"{PATH}/of-doomed:v0"),
        "again": dict(told("doomed2").history(pandas=False)[0]).get("a", "fresh"),
    }


@step
def projects() -> dict:
    api = wandb.Api()
    api.create_project("made", "local")
    restart()
    project = api.project("made", "local")
    return {
        "names": sorted(p.name for p in api.projects("local", per_page=1)),
        "one": [project.name, project.entity],
        "owner": project.owner.username,
        "url": project.url.endswith("/local/made/workspace"),
        "id": bool(project.id),
        "missing": raised(lambda: api.runs("local/nothing")[0]),
        "viewer": [api.viewer.username, api.default_entity],
        "user": api.user("local").username,
        "from path": api.from_path(f"{PATH}/run0").id,
    }


@step
def created_by_api() -> dict:
    api = wandb.Api()
    api.create_run(project=PROJECT, run_id="byapi")
    restart()
    run = told("byapi")
    run.summary["a"] = 1
    run.update()
    return {"state": told("byapi").state, "a": told("byapi").summary["a"]}


@step
def runs_that_wait() -> dict:
    """States that a user sets, and a run that is watched until it ends."""
    run = wandb.init(project=PROJECT, id="watched")
    run.log({"a": 1})
    wait_until(lambda: told("watched").state == "running")
    before = told("watched").state
    restart()
    run.finish()
    watched = told("watched")
    watched.wait_until_finished()
    return {
        "before": before,
        "after": watched.state,
        "update": raised(lambda: told("watched").update_state("pending")),
    }


@step
def refusals() -> dict:
    """What this server does not have is refused in words, and at once."""
    api = wandb.Api()
    return {
        "make queue": raised(lambda: api.create_run_queue("q", "local-process", "local")),
        "team": raised(lambda: api.create_team("t")),
        "registry": raised(lambda: list(api.registries("org"))),
        "reports": raised(lambda: list(api.reports(PATH))),
        "automations": raised(lambda: list(api.automations("local"))),
        "integrations": raised(lambda: list(api.integrations("local"))),
        "chart": raised(lambda: api.create_custom_chart("local", "c", "C", "vega2", "private", {"a": 1})),
    }


if __name__ == "__main__":
    play()
