"""How runs go on, start over, fork and go back."""

from __future__ import annotations

import wandb
from scene import play, raised, restart, step

PROJECT = "lifecycle"


def told(run_id: str) -> wandb.apis.public.Run:
    return wandb.Api().run(f"local/{PROJECT}/{run_id}")


def there(run_id: str) -> bool:
    return len(wandb.Api().runs(f"local/{PROJECT}", filters={"name": run_id})) > 0


def values(run_id: str, key: str = "a") -> list:
    return [row[key] for row in told(run_id).scan_history(keys=[key])]


def log(run: wandb.Run, *numbers: int) -> None:
    for number in numbers:
        run.log({"a": number})


@step
def resumed() -> dict:
    with wandb.init(project=PROJECT, id="resumed", config={"first": 1, "both": 1}, tags=["old"]) as run:
        print("said first")
        log(run, 1, 2)
        run.summary["kept"] = 7
    restart()
    with wandb.init(project=PROJECT, id="resumed", resume="must", config={"second": 2, "both": 2}) as run:
        print("said then")
        step, was = run.starting_step, run.resumed
        log(run, 3)
        restart()
        log(run, 4)
    found = told("resumed")
    return {
        "step": step,
        "resumed": was,
        "a": values("resumed"),
        "config": found.config,
        "summary": [found.summary["a"], found.summary["kept"]],
        "tags": found.tags,
        "console": [line.content for line in found.console_logs() if line.content.startswith("said")],
        "state": found.state,
    }


@step
def resume_modes() -> dict:
    def again(**how: str) -> str:
        wandb.init(project=PROJECT, **how).finish()
        return ""

    answer = {"missing": raised(lambda: again(id="nobody", resume="must"))}
    with wandb.init(project=PROJECT, id="allowed", resume="allow") as run:
        log(run, 1)
    restart()
    with wandb.init(project=PROJECT, id="allowed", resume="allow") as run:
        log(run, 2)
    answer["never"] = raised(lambda: again(id="allowed", resume="never"))
    answer["allowed"] = values("allowed")
    answer["there"] = there("nobody")
    return answer


@step
def started_over() -> dict:
    """The same id without `resume` overwrites."""
    with wandb.init(project=PROJECT, id="over", config={"old": 1}) as run:
        log(run, 1, 2, 3)
    restart()
    with wandb.init(project=PROJECT, id="over", config={"new": 1}) as run:
        log(run, 9)
    return {"a": values("over"), "config": told("over").config, "summary": told("over").summary["a"]}


@step
def forked() -> dict:
    with wandb.init(project=PROJECT, id="parent", config={"lr": 1}) as run:
        log(run, *range(5))
    restart()
    with wandb.init(project=PROJECT, id="fork", fork_from="parent?_step=2", config={"lr": 2}) as run:
        first = run.step
        log(run, 10)
        restart()
        log(run, 11)
    with wandb.init(project=PROJECT, id="fork", resume="must") as run:
        log(run, 12)
    found = told("fork")
    return {
        "first": first,
        "a": values("fork"),
        "steps": values("fork", "_step"),
        "parent": values("parent"),
        "config": found.config["lr"],
        "last": found.lastHistoryStep,
        "summary": found.summary["a"],
        "refused": raised(lambda: wandb.init(project=PROJECT, id="f2", fork_from="nobody?_step=2")),
    }


@step
def rewound() -> dict:
    with wandb.init(project=PROJECT, id="rewound", config={"lr": 1}) as run:
        print("before")
        log(run, *range(5))
        run.log({"later": 1})
    restart()
    with wandb.init(project=PROJECT, resume_from="rewound?_step=2") as run:
        first, step = run.id, run.step
        print("after")
        log(run, 30)
        restart()
        log(run, 40)
    found = told("rewound")
    return {
        "id": first,
        "step": step,
        "a": values("rewound"),
        "steps": values("rewound", "_step"),
        "summary": dict(found.summary_metrics),
        "config": found.config,
        "state": found.state,
        "keys": sorted(found.history_keys["keys"]),
        "refused": raised(lambda: wandb.init(project=PROJECT, resume_from="no-such?_step=2")),
    }


@step
def reinit() -> dict:
    first = wandb.init(project=PROJECT, id="first")
    same = wandb.init(project=PROJECT, reinit="return_previous")
    restart()
    second = wandb.init(project=PROJECT, id="second", reinit="finish_previous")
    state = told("first").state
    log(second, 1)
    second.finish()
    return {"same": same.id == first.id, "first": state, "second": told("second").state}


if __name__ == "__main__":
    play()
