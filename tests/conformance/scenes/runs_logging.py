"""One run with everything that a run can log, and smaller ones for what cannot stand together."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import numpy as np
import wandb
from scene import play, restart, step

PROJECT = "logging"


def told(run_id: str) -> wandb.apis.public.Run:
    return wandb.Api().run(f"local/{PROJECT}/{run_id}")


@step
def one_run() -> dict:
    config = {"lr": 0.1, "net": {"depth": 2, "width": [1, 2]}, "none": None}
    run = wandb.init(
        project=PROJECT,
        id="full",
        name="first words",
        config=config,
        tags=["a", "b"],
        notes="n",
        group="g",
        job_type="train",
    )
    run.config.update({"lr": 0.2}, allow_val_change=True)
    for n in range(5):
        run.log({"loss": 1 / (n + 1), "val/auc": n / 10, "deep": {"er": {"x": n}}, "word": f"w{n}"})
    restart()
    for n in range(5, 10):
        run.log({"loss": 1 / (n + 1), "val/auc": n / 10, "deep": {"er": {"x": n}}})
    run.config["late"] = "yes"
    run.summary["extra"] = 3
    run.summary.update({"nested": {"a": 1}})
    run.tags += ("c",)
    run.notes = "other words"
    run.name = "last words"
    run.alert("a title", "a text", level=wandb.AlertLevel.WARN)
    run.finish()
    found = told("full")
    history = found.history(pandas=False)
    return {
        "config": found.config,
        "loss": [row["loss"] for row in history],
        "steps": [row["_step"] for row in found.scan_history()],
        "deep": [row["deep.er.x"] if "deep.er.x" in row else row["deep"]["er"]["x"] for row in history],
        "summary": {key: found.summary[key] for key in ("loss", "word", "extra", "nested")},
        "tags": sorted(found.tags),
        "words": [found.name, found.notes, found.group, found.job_type, found.state],
        "command": sorted(found.metadata),
    }


@step
def custom_steps() -> dict:
    with wandb.init(project=PROJECT, id="custom") as run:
        run.define_metric("epoch", hidden=True)
        run.define_metric("val/*", step_metric="epoch", summary="max")
        run.define_metric("low", summary="min,mean,last")
        run.define_metric("best", summary="first")
        for epoch, value in enumerate([3.0, 5.0, 1.0, 2.0]):
            run.log({"epoch": epoch, "val/auc": value, "low": value, "best": value})
            if epoch == 1:
                restart()
        run.log({"at": 1}, step=20, commit=False)
        run.log({"beside": 2}, step=20)
    found = told("custom")
    names = ("val/auc", "low", "best")
    return {
        "summary": {name: dict(found.summary[name]) for name in names},
        "last": list(found.scan_history(keys=["at", "beside", "_step"])),
        "metrics": found.rawconfig["_wandb"]["m"],
    }


@step
def values() -> dict:
    with wandb.init(project=PROJECT, id="values") as run:
        run.log(
            {
                "nan": math.nan,
                "inf": math.inf,
                "minus": -math.inf,
                "yes": True,
                "big": 2**53,
                "f": np.float32(0.5),
            }
        )
        restart()
        run.log({"list": [1, 2], "text": "ä\u2028\n\0x" * 3, "long": "x" * 2_000_000, "np": np.arange(3)})
    found = told("values")
    rows = found.history(pandas=False)
    return {
        "numbers": {key: found.summary[key] for key in ("nan", "inf", "minus", "yes", "big", "f", "list")},
        "text": found.summary["text"],
        "long": len(next(row["long"] for row in rows if row.get("long"))),
        "rows": len(rows),
    }


@step
def media() -> dict:
    pixels = np.zeros((4, 5, 3), np.uint8)
    with wandb.init(project=PROJECT, id="media") as run:
        table = wandb.Table(columns=["recall", "precision"], data=[[0.1, 1.0], [0.9, 0.2]])
        run.log(
            {
                "table": table,
                "curve": wandb.plot.line(table, "recall", "precision"),
                "matrix": wandb.plot.confusion_matrix(y_true=[0, 1], preds=[0, 1], class_names=["N", "V"]),
                "histogram": wandb.Histogram([1, 2, 2]),
            }
        )
        restart()
        run.log(
            {
                "image": wandb.Image(pixels, caption="black"),
                "images": [wandb.Image(pixels), wandb.Image(pixels + 1)],
                "html": wandb.Html("<b>bold</b>"),
                "mixed": wandb.Table(columns=["n", "image"], data=[[1, wandb.Image(pixels)]]),
            }
        )
    found = told("media")
    names = {file.name: file.size for file in found.files(per_page=3)}
    data = found.file(found.summary["table"]["path"]).download("down").read()
    image = found.file(found.summary["image"]["path"]).download("down")
    return {
        "types": {
            key: found.summary[key]["_type"] for key in ("table", "image", "images", "html", "histogram")
        },
        "plots": sorted(found.rawconfig["_wandb"]["visualize"])
        if "visualize" in found.rawconfig["_wandb"]
        else [],
        "sizes": min(names.values()),
        "files": sorted(names),
        "data": data,
        "image": Path(image.name).read_bytes()[:4].hex(),
        "logged": sorted(a.type for a in found.logged_artifacts()),
        "bins": found.summary["histogram"]["values"],
    }


@step
def saved_files() -> dict:
    folder = Path("saving")
    (folder / "sub").mkdir(parents=True)
    for name, text in {"now.txt": "1", "live.txt": "1", "sub/end.txt": "1"}.items():
        (folder / name).write_text(text)
    run = wandb.init(project=PROJECT, id="saved")
    run.save(str(folder / "now.txt"), base_path=folder, policy="now")
    run.save(str(folder / "live.txt"), base_path=folder, policy="live")
    run.save(str(folder / "sub/*.txt"), base_path=folder, policy="end")
    run.log({"a": 1})
    restart()
    (folder / "live.txt").write_text("22")
    (folder / "sub/end.txt").write_text("22")
    run.finish()
    found = told("saved")
    names = ("now.txt", "live.txt", "sub/end.txt")
    restored = wandb.restore("sub/end.txt", run_path=f"local/{PROJECT}/saved", root="restored", replace=True)
    return {
        "texts": [found.file(name).download("saved", replace=True).read() for name in names],
        "restored": restored.read(),
    }


@step
def console() -> dict:
    with wandb.init(project=PROJECT, id="console"):
        print("first line")
        for percent in range(0, 101, 20):
            print(f"\rprogress {percent}%", end="")
            time.sleep(0.05)
        print()
        print("an error", file=sys.stderr)
        time.sleep(1)
        restart()
        for n in range(3):
            print(f"after {n}")
        print("\x1b[1Aup and over")
    found = told("console")
    lines = list(found.console_logs(per_page=2))
    return {
        "lines": [line.content for line in lines],
        "levels": [line.level for line in lines if line.content == "an error"],
        "last": [line.content for line in found.console_logs(last=1)],
        "file": found.file("output.log").download("console").read(),
    }


@step
def many_at_once() -> dict:
    runs = [wandb.init(project=PROJECT, id=f"many{n}", reinit="create_new", group="many") for n in range(3)]
    for value in range(20):
        for n, run in enumerate(runs):
            run.log({"x": value * n})
        if value == 10:
            restart()
    for run in runs:
        run.finish()
    found = wandb.Api().runs(f"local/{PROJECT}", filters={"group": "many"}, order="+display_name")
    return {run.id: [row["x"] for row in run.scan_history(keys=["x"])][-1] for run in found}


@step
def in_a_thread() -> dict:
    import threading

    def train() -> None:
        with wandb.init(project=PROJECT, id="thread") as run:
            run.log({"a": 1})
            restart()
            run.log({"a": 2})

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    return [row["a"] for row in told("thread").scan_history()]


@step
def disabled() -> dict:
    restart()
    with wandb.init(project="nowhere", mode="disabled") as run:
        run.log({"a": 1})
    return [project.name for project in wandb.Api().projects("local")]


@step
def code() -> list[str]:
    Path("code").mkdir()
    Path("code/model.py").write_text("x = 1\n")
    with wandb.init(project=PROJECT, id="code") as run:
        run.log_code("code")
        restart()
        run.log({"a": 1})
    return [artifact.type for artifact in told("code").logged_artifacts()]


if __name__ == "__main__":
    play()
