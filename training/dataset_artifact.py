"""A data set that W&B keeps: `data: entity/project/name:alias`, an artifact of type `dataset`.

It is downloaded once to a cache that all runs of this machine share, and is used when its contents have the
digest that they were written with.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from data_utils.cache import cache_folder
from data_utils.dataset import verify
from data_utils.errors import BadInput

if TYPE_CHECKING:
    import wandb

TYPE = "dataset"
_REFERENCE = re.compile(r"(?:[^/:]+/){1,2}[^/:]+:[^/:]+")


def is_artifact(data: str) -> bool:
    """Whether `data` names an artifact, [entity/]project/name:alias, and no file that is there."""
    return bool(_REFERENCE.fullmatch(data)) and not Path(data).exists()


def dataset_path(run: wandb.Run, data: str) -> Path:
    """Return the file that `data` names; an artifact is noted as the run's input, and downloaded once.

    Raises:
        BadInput: no such artifact, not of type `dataset`, not one dataset file, or not whole.
    """
    if not is_artifact(data):
        return Path(data)
    artifact = _artifact(run, data)
    folder = cache_folder() / "datasets" / artifact.digest
    with _alone(folder):
        if not folder.is_dir():
            _download(artifact, data, folder)
    return next(folder.glob("*.h5"))


def _artifact(run: wandb.Run, data: str) -> wandb.Artifact:
    import wandb

    try:
        artifact = wandb.Api().artifact(data) if run.disabled else run.use_artifact(data)
    except (wandb.Error, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"There is no file and no W&B artifact {data}: {reason}.") from error
    if artifact.type != TYPE:
        raise BadInput(f"{data} is an artifact of type {artifact.type}: a data set has the type {TYPE}.")
    return artifact


def _download(artifact: wandb.Artifact, data: str, folder: Path) -> None:
    """Bring the file to `folder`, which is whole afterwards or not there.

    Raises:
        BadInput: its files are gone from the server, it holds another number of them, or the disk is full.
    """
    fresh = Path(tempfile.mkdtemp(prefix="fresh-", dir=folder.parent))
    try:
        artifact.download(root=str(fresh), skip_cache=True)
        files = list(fresh.glob("*.h5"))
        if len(files) != 1:
            raise BadInput(f"{data} holds {len(files)} dataset files: `rarebeat data publish` puts in one.")
        if not verify(files[0]):
            raise BadInput(f"{data} does not have the digest that it was built with: publish it again.")
        fresh.rename(folder)
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"The artifact {data} cannot be downloaded to {folder.parent}: {reason}.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep the other runs of this machine waiting while one of them downloads."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
