"""The command line as its users type it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import wandb
from scene import outside, play, restart, shell, step

PROJECT = "commands"
PATH = f"local/{PROJECT}"


def told(run_id: str) -> wandb.apis.public.Run:
    return wandb.Api().run(f"{PATH}/{run_id}")


@step
def login() -> dict:
    """With a key that is asked of the server named by the base URL, kept in netrc, and used from there."""
    home = Path("home")
    home.mkdir()
    key = os.environ["WANDB_API_KEY"]
    anew = {"HOME": str(home.resolve()), "WANDB_API_KEY": "", "NETRC": str((home / ".netrc").resolve())}
    env = {name: value for name, value in outside(**anew).items() if name != "WANDB_API_KEY"}

    def typed(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    done = typed("wandb", "login", "--relogin", "--verify", "--host", os.environ["WANDB_BASE_URL"], key)
    restart()
    code = "import wandb; print(wandb.Api().viewer.username)"
    then = typed("python", "-c", code)
    short = typed("wandb", "login", "--relogin", "tooshort")
    return {
        "code": done.returncode,
        "said": (done.stdout + done.stderr)[-300:],
        "kept": key in (home / ".netrc").read_text(),
        "then": then.stdout.split(),
        "short": short.returncode,
    }


@step
def folder_settings() -> dict:
    Path("folder").mkdir()
    before = Path.cwd()
    os.chdir("folder")
    try:
        init = shell("wandb", "init", "--project", PROJECT, "--entity", "local")
        restart()
        status = shell("wandb", "status")
        code = "import wandb; run = wandb.init(id='byfolder'); run.log({'a': 1}); run.finish()"
        ran = shell("python", "-c", code)
        off = [shell("wandb", word).returncode for word in ("offline", "online", "disabled", "enabled")]
    finally:
        os.chdir(before)
    return {
        "init": init.returncode,
        "status": status.stdout,
        "ran": ran.returncode,
        "state": told("byfolder").state,
        "words": off,
    }


@step
def files_of_a_run() -> dict:
    Path("note.txt").write_text("a note")
    with wandb.init(project=PROJECT, id="files", config={"lr": 0.1}) as run:
        run.save("note.txt")
        run.log({"a": 1})
    Path("pulled").mkdir()
    before = Path.cwd()
    os.chdir("pulled")
    try:
        pull = shell("wandb", "pull", "--project", PROJECT, "--entity", "local", "files")
        restart()
        restore = shell("wandb", "restore", "--no-git", f"{PATH}:files")
        found = sorted(str(path) for path in Path().rglob("*") if path.name in ("note.txt", "config.yaml"))
    finally:
        os.chdir(before)
    return {
        "codes": [pull.returncode, restore.returncode],
        "files": found,
        "said": restore.stdout[-400:],
        "text": Path("pulled/note.txt").read_text(),
    }


@step
def artifacts() -> dict:
    Path("data").mkdir()
    for name in ("a.txt", "b.txt"):
        Path("data", name).write_text(name)
    put = shell(
        "wandb",
        "artifact",
        "put",
        "--name",
        f"{PROJECT}/typed",
        "--type",
        "dataset",
        "--alias",
        "latest",
        "--alias",
        "good",
        "--description",
        "words",
        "data",
    )
    restart()
    listed = shell("wandb", "artifact", "ls", PATH)
    got = shell("wandb", "artifact", "get", f"{PATH}/typed:good", "--root", "got")
    artifact = wandb.Api().artifact(f"{PATH}/typed:good")
    return {
        "codes": [put.returncode, listed.returncode, got.returncode],
        "listed": "typed:v0" in listed.stdout,
        "said": [put.stdout[-300:], listed.stdout[-300:]],
        "files": sorted(os.listdir("got")),
        "description": artifact.description,
        "aliases": sorted(artifact.aliases),
    }


if __name__ == "__main__":
    play()
