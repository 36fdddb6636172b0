"""The device that a run trains on, looked at once before it begins."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from data_utils.errors import BadInput
from training.gpus import VISIBLE, has_gpu, hides_gpus
from training.quiet import native_stderr_silenced

ALLOW_CPU = "RAREBEAT_ALLOW_CPU"
# What each backend takes to see an NVIDIA GPU, for pip.
CUDA = {"tensorflow": "rarebeat[gpu]", "jax": "jax[cuda12]"}


def check_device(environ: Mapping[str, str]) -> None:
    """Make the CPU repeat itself bit by bit, or use the GPU that is there.

    Raises:
        BadInput: a GPU is there and Keras does not see it: a sweep would crawl on the CPU unnoticed.
    """
    if sees_gpu():
        return
    if not allows_cpu(environ) and has_gpu():
        backend = keras.backend.backend()
        package = CUDA.get(backend, backend)
        raise BadInput(
            f"This machine has a GPU that Keras ({backend}) does not see: pip install '{package}' or mend "
            f"its driver; {ALLOW_CPU}=1, or an empty {VISIBLE}, trains on the CPU."
        )
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


def allows_cpu(environ: Mapping[str, str]) -> bool:
    """Whether somebody has said that a GPU which is there may stand idle."""
    return environ.get(ALLOW_CPU) == "1" or hides_gpus(environ)


def sees_gpu() -> bool:
    """Whether Keras's backend has a GPU to train on."""
    # TensorFlow complains here of each library that a machine without a GPU lacks.
    with native_stderr_silenced():
        try:
            return bool(keras.distribution.list_devices("gpu"))
        except RuntimeError:
            # So JAX says that there is none.
            return False
