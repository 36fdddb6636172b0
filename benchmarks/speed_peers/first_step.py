"""A plug-in that says when a run has done its first step: `RAREBEAT_PLUGINS=first_step`."""

from __future__ import annotations

import keras

_on_end = keras.callbacks.CallbackList.on_train_batch_end


def _say_so(callbacks: keras.callbacks.CallbackList, batch: int, logs: dict | None = None) -> None:
    keras.callbacks.CallbackList.on_train_batch_end = _on_end
    print("first step", flush=True)
    _on_end(callbacks, batch, logs)


keras.callbacks.CallbackList.on_train_batch_end = _say_so
