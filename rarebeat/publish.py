"""`rarebeat data publish`: a dataset file as a W&B artifact, which sweeps on any machine can name."""

from __future__ import annotations

from pathlib import Path

import click

from data_utils.dataset import open_dataset, verify
from data_utils.errors import BadInput
from rarebeat.backend import client_errors, connect
from training.dataset_artifact import TYPE


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("path")
def publish(file: Path, path: str) -> None:
    """Log FILE as an artifact of type `dataset` at PATH, which is [ENTITY/]PROJECT/NAME.

    A sweep then says `data: {value: ENTITY/PROJECT/NAME:latest}`. The sealed side is never published.
    """
    dataset = open_dataset(file)
    if dataset.sealed:
        raise BadInput(f"{file} is the sealed test side, which stays here: publish the file beside it.")
    *entity, project, name = _parts(path)
    if not verify(file):
        raise BadInput(f"{file} has been changed since it was built: build it again.")
    connect()
    about = {key: getattr(dataset, key) for key in ("digest", "source", "licence", "simulated", "classes")}
    click.echo(_log(file, entity[0] if entity else None, project, name, about))


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if len(parts) not in (2, 3) or not all(parts) or ":" in path:
        raise BadInput(f"{path} is no place for a data set: write PROJECT/NAME or ENTITY/PROJECT/NAME.")
    return parts


def _log(file: Path, entity: str | None, project: str, name: str, about: dict) -> str:
    """Return the new artifact's path with its version."""
    import wandb

    with client_errors():
        settings = wandb.Settings(silent=True, console="off")
        with wandb.init(entity=entity, project=project, job_type="publish", settings=settings) as run:
            artifact = wandb.Artifact(name, TYPE, metadata={**about, "classes": list(about["classes"])})
            artifact.add_file(str(file), name=file.name, policy="immutable", skip_cache=True)
            return run.log_artifact(artifact).wait().qualified_name
