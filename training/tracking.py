"""The run at W&B: whether there is a backend, what the configuration says, and how results get there."""

from __future__ import annotations

import netrc
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import wandb

# What a run adds to its configuration beside hyperparameters.
ADDED = ("dataset", "inactive")


def open_run(config: Mapping) -> wandb.Run:
    """Begin a run with `config`; where no backend is configured, one that goes nowhere, and say so."""
    settings = wandb.setup().settings
    reason = why_alone(os.environ, settings.base_url, settings.mode)
    if reason:
        print(f"{reason}: this run trains alone and sends nothing.", flush=True)
        return wandb.init(config=dict(config), mode="disabled")
    project = None if "WANDB_SWEEP_ID" in os.environ else settings.project or "rarebeat"
    # A run that was preempted is started again under its own id, and goes on.
    resume = "allow" if os.environ.get("WANDB_RUN_ID") and settings.mode != "offline" else None
    return wandb.init(config=dict(config), project=project, resume=settings.resume or resume)


def why_alone(environ: Mapping[str, str], base_url: str, mode: str | None) -> str | None:
    """Return why there is no backend to send a run to, or None when there is one.

    A sweep, a mode or a key that is set means that somebody wants one; a server's address without a key
    for it does not suffice, and asking for a key would stop a run that nobody watches.
    """
    if any(environ.get(name) for name in ("WANDB_SWEEP_ID", "WANDB_API_KEY", "WANDB_MODE")):
        return None
    if environ.get("WANDB_IDENTITY_TOKEN_FILE") or mode in ("offline", "disabled"):
        return None
    host = urlsplit(base_url).hostname or ""
    return None if _netrc_knows(host, environ) else f"There is no key for the W&B server {base_url}"


def _netrc_knows(host: str, environ: Mapping[str, str]) -> bool:
    names = [environ["NETRC"]] if environ.get("NETRC") else [Path.home() / ".netrc", Path.home() / "_netrc"]
    for path in map(Path, names):
        try:
            if path.is_file() and netrc.netrc(path).authenticators(host):
                return True
        except (netrc.NetrcParseError, OSError):
            continue
    return False


def given_hyperparameters(run: wandb.Run) -> dict:
    """Return what the configuration says, as plain values, without what a run itself adds."""
    return {name: plain(value) for name, value in dict(run.config).items() if name not in ADDED}


def describe(run: wandb.Run, hp: Mapping, inactive: list[str], dataset: Mapping) -> None:
    """Put all hyperparameters and what is known of the data into the configuration.

    What the sweep has set is locked and stays as it is; only what it left open is added.
    """
    missing = {name: value for name, value in hp.items() if name not in dict(run.config)}
    run.config.update(
        {**missing, "dataset": plain(dataset), "inactive": list(inactive)}, allow_val_change=True
    )


class History:
    """The run's rows in order, each sent once over all attempts of the run.

    Args:
        run: where rows go.
        rows: what earlier attempts have logged; rows are added to it.
    """

    def __init__(self, run: wandb.Run, rows: list[dict]) -> None:
        self.rows = rows
        self._run = run
        # Rows that the client had not sent when its process was killed are sent now.
        self._sent = run.starting_step
        for number in range(self._sent, len(rows)):
            run.log(rows[number])

    def log(self, row: dict) -> None:
        """Log a row, unless an attempt before did it behind its last checkpoint."""
        if len(self.rows) >= self._sent:
            self._run.log(row)
        self.rows.append(row)


def checkpoint_folder(run: wandb.Run) -> Path | None:
    """Return where the run's checkpoints lie: in RAREBEAT_CHECKPOINTS, or beside the client's own files.

    A run that nobody can name again has none: alone, without an id that is set.
    """
    if run.disabled and not os.environ.get("WANDB_RUN_ID"):
        return None
    root = os.environ.get("RAREBEAT_CHECKPOINTS")
    beside = Path(os.environ.get("WANDB_DIR") or ".") / "wandb" / "checkpoints"
    return (Path(root) if root else beside) / run.id


def share_file(run: wandb.Run, folder: Path) -> Callable[[Path], None]:
    """Return what sends a file below `folder` to the run's files, under its name there."""
    return lambda path: run.save(path, base_path=folder, policy="now")


def fetch_files(run: wandb.Run, start: str, folder: Path) -> None:
    """Download the run's files whose names begin with `start` into `folder`."""
    for file in wandb.Api().run(run_path(run)).files():
        if file.name.startswith(start):
            file.download(root=str(folder), replace=True)


def plain(value: object) -> object:
    """Return `value` with NumPy's numbers and arrays as Python's own, which is what JSON takes."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value


def run_path(run: wandb.Run) -> str:
    """Return "entity/project/id", or "local/id" for a run that went nowhere."""
    if run.disabled:
        return f"local/{run.id}"
    return "/".join(filter(None, (run.entity, run.project, run.id)))


def log_files(run: wandb.Run, kind: str, files: list[Path]) -> None:
    """Log `files` as the artifact "<kind>-<run id>".

    They are sent from where they lie, which must be there until the run is finished: copies in the
    client's cache would fill the disk over a sweep.
    """
    if run.disabled:
        return
    artifact = wandb.Artifact(f"{kind}-{run.id}", type=kind)
    for path in files:
        artifact.add_file(str(path), policy="immutable", skip_cache=True)
    run.log_artifact(artifact)
