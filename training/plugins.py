"""Builders, losses and samplers from outside: modules named in RAREBEAT_PLUGINS, separated by commas.

Such a module registers what it has when it is imported, by `models.register_builder`,
`training.losses.register_loss`, `data_utils.samplers.register_sampler` or `register_representation`.
"""

from __future__ import annotations

import importlib

from data_utils.errors import BadInput

VARIABLE = "RAREBEAT_PLUGINS"


def load_plugins(names: str) -> None:
    """Import the modules in `names`, a comma-separated list; the empty string imports none.

    Raises:
        BadInput: a module that is not there or fails to import.
    """
    for name in filter(None, (part.strip() for part in names.split(","))):
        try:
            importlib.import_module(name)
        except Exception as error:
            raise BadInput(f"{VARIABLE} names {name}, which cannot be imported: {error}.") from error
