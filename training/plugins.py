"""Builders, losses and samplers from outside: modules named in RAREBEAT_PLUGINS, separated by commas.

Such a module registers what it has when it is imported, by `models.register_builder`,
`training.losses.register_loss`, `data_utils.samplers.register_sampler` or `register_representation`.
"""

from __future__ import annotations

import importlib
import os
import sys

from data_utils.errors import BadInput

VARIABLE = "RAREBEAT_PLUGINS"


def load_plugins(names: str) -> None:
    """Import the modules in `names`, a comma-separated list; the empty string imports none.

    They may lie in the working folder. It is looked in last: nothing else there stands in for modules of
    Python or ours.

    Raises:
        BadInput: a module that is not there or fails to import.
    """
    wanted = [name for part in names.split(",") if (name := part.strip())]
    if wanted:
        sys.path.append(os.getcwd())
    for name in wanted:
        try:
            importlib.import_module(name)
        except Exception as error:
            raise BadInput(f"{VARIABLE} names {name}, which cannot be imported: {error}.") from error
