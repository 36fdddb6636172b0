"""Create a sweep through the vendor's client, without its chatter on stdout."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, Any

from data_utils.errors import BadInput

if TYPE_CHECKING:
    import wandb


def create_sweep(api: wandb.Api, config: dict[str, Any], project: str, entity: str | None = None) -> str:
    """Create the sweep and return its ENTITY/PROJECT/SWEEP.

    Raises:
        BadInput: the server or the client refuses the config.
    """
    import wandb
    from wandb.errors import Error

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            sweep_id = wandb.sweep(config, project=project, entity=entity)
    except (Error, ValueError) as error:
        raise BadInput(f"the server refuses the sweep: {str(error).strip().splitlines()[0]}") from error
    # The client leaves in the environment whose project it has become.
    entity = os.environ.get("WANDB_ENTITY") or entity or api.default_entity
    return f"{entity}/{os.environ.get('WANDB_PROJECT') or project}/{sweep_id}"
