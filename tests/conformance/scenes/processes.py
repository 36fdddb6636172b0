"""Runs in processes of their own: how they end, are killed, stopped, and come home from offline."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import wandb
from scene import play, restart, script, shell, step, wait_until

PROJECT = "processes"


def told(run_id: str) -> wandb.apis.public.Run:
    return wandb.Api().run(f"local/{PROJECT}/{run_id}")


def there(run_id: str) -> bool:
    return len(wandb.Api().runs(f"local/{PROJECT}", filters={"name": run_id})) > 0


def values(run_id: str, key: str = "a") -> list:
    return [row[key] for row in told(run_id).scan_history(keys=[key])]


KILLED = f"""
import os, time, wandb
run = wandb.init(project={PROJECT!r}, resume="auto")
for n in range(1, 4):
    run.log({{"a": n + run.starting_step}})
time.sleep(float(os.environ["WAITS"]))
run.finish()
"""


@step
def resumed_after_a_kill() -> dict:
    wandb.Api().create_project(PROJECT, "local")
    Path("auto").mkdir()
    environment = {"WANDB_DIR": str(Path("auto").resolve()), "WANDB_RUN_ID": "killed"}
    process = script(KILLED, WAITS="600", **environment)
    wait_until(lambda: there("killed") and told("killed").lastHistoryStep == 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    state = told("killed").state
    restart()
    code = script(KILLED, WAITS="0", **environment).wait(240)
    return {"while": state, "code": code, "a": values("killed"), "state": told("killed").state}


@step
def exits() -> dict:
    wandb.init(project=PROJECT, id="three").finish(exit_code=3)
    restart()
    raising = f"import wandb; wandb.init(project={PROJECT!r}, id='raising'); raise ValueError('x')"
    quitting = f"import sys, wandb; wandb.init(project={PROJECT!r}, id='quitting'); sys.exit(4)"
    leaving = f"import wandb; wandb.init(project={PROJECT!r}, id='leaving')"
    preempted = (
        f"import sys, wandb; run = wandb.init(project={PROJECT!r}, id='preempted');"
        "run.mark_preempting(); sys.exit(1)"
    )
    codes = [script(code) for code in (raising, quitting, leaving, preempted)]
    return {
        "codes": [process.wait(240) for process in codes],
        "states": {
            name: told(name).state for name in ("three", "raising", "quitting", "leaving", "preempted")
        },
    }


@step
def stopped() -> dict:
    code = (
        f"import time, wandb\nwith wandb.init(project={PROJECT!r}, id='stopped') as run:\n"
        " for n in range(6000):\n  run.log({'a': n}); time.sleep(0.1)"
    )
    process = script(code)
    wait_until(lambda: there("stopped"))
    told("stopped").stop()
    restart()
    return {"code": process.wait(240), "state": told("stopped").state, "rows": len(values("stopped")) > 0}


@step
def offline() -> dict:
    Path("away").mkdir()
    away = {"WANDB_MODE": "offline", "WANDB_DIR": str(Path("away").resolve())}
    code = (
        "import sys, wandb\n"
        f"with wandb.init(project={PROJECT!r}, id=sys.argv[1], config={{'lr': 0.1}}, tags=['away']) as run:\n"
        " run.log({'a': 1, 'table': wandb.Table(columns=['x'], data=[[1]])}); run.log({'a': 2})\n"
        " print('said offline')\n"
        " open('note.txt', 'w').write('a note'); run.save('note.txt')\n"
        " artifact = wandb.Artifact('made-away', 'model')\n"
        " with artifact.new_file('x.txt') as file: file.write('x' + run.id)\n"
        " run.log_artifact(artifact, aliases=['away'])\n"
    )
    for name in ("away1", "away2"):
        assert shell(sys.executable, "-c", code, name, **away).returncode == 0
    folders = sorted(Path("away/wandb").glob("offline-run-*"))
    one = shell("wandb", "sync", str(folders[0]))
    restart()
    everything = shell("wandb", "sync", "--yes", WANDB_DIR=away["WANDB_DIR"])
    again = shell("wandb", "sync", str(folders[0]))
    runs = wandb.Api().runs(f"local/{PROJECT}", filters={"tags": "away"})
    return {
        "codes": [one.returncode, everything.returncode, again.returncode],
        "said": [one.stdout[-300:], everything.stdout[-500:], again.stdout[-300:]],
        "runs": {run.id: [run.state, run.config, run.summary["a"]] for run in runs},
        "history": [values(run.id) for run in runs],
        "notes": [run.file("note.txt").download(run.id).read() for run in runs],
        "artifacts": sorted(a.name for run in runs for a in run.logged_artifacts() if a.type == "model"),
        "console": [next(iter(run.console_logs())).content for run in runs],
    }


SHARED = f"""
import sys, time, wandb
from pathlib import Path
primary = sys.argv[1] == "0"
settings = wandb.Settings(
    mode="shared", x_primary=primary, x_label="rank" + sys.argv[1], x_update_finish_state=primary
)
with wandb.init(project={PROJECT!r}, id="shared", settings=settings) as run:
    Path("began" + sys.argv[1]).touch()
    for n in range(3):
        run.log({{"a" + sys.argv[1]: n}})
        time.sleep(1)
    while primary and not Path("ended").exists():
        time.sleep(0.1)
"""


@step
def shared() -> dict:
    """Two processes write one run."""
    first = script(SHARED, "0")
    wait_until(Path("began0").exists)
    second = script(SHARED, "1")
    wait_until(Path("began1").exists)
    restart()
    codes = [second.wait(240)]
    Path("ended").touch()
    codes.append(first.wait(240))
    found = told("shared")
    return {
        "codes": codes,
        "a": [sorted(values("shared", name)) for name in ("a0", "a1")],
        "summary": [found.summary["a0"], found.summary["a1"]],
        "state": found.state,
    }


if __name__ == "__main__":
    play()
