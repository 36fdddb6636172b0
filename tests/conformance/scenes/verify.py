"""The vendor's own check of a server: `wandb verify`."""

from __future__ import annotations

from scene import play, restart, shell, step


@step
def verify() -> dict:
    restart()
    done = shell("wandb", "verify")
    return {"code": done.returncode, "said": done.stdout}


if __name__ == "__main__":
    play()
