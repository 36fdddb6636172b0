"""The network of a model folder, as Keras wrote it."""

from __future__ import annotations

import os
from pathlib import Path

import keras

from data_utils.errors import BadInput
from training.card import MODEL
from training.devices import sees_gpu
from training.plugins import VARIABLE, load_plugins


def read_network(folder: Path) -> keras.Model:
    """Return what `model.keras` holds, without its training.

    Raises:
        BadInput: there is none, one that this version of Keras does not read, or a plug-in that fails to
            import.
    """
    path = folder / MODEL
    if not path.is_file():
        raise BadInput(f"There is no {MODEL} in {folder}: `rarebeat best` brings one there.")
    # Layers of a plug-in are read by their class.
    load_plugins(os.environ.get(VARIABLE, ""))
    # TensorFlow would look for a GPU at its first variable, and complain there of what it lacks.
    sees_gpu()
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise BadInput(f"{path} is no model that this version of Keras reads: {reason}.") from error
