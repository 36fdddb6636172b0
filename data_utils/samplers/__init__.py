"""How training rows are drawn. A new sampler is one file and one `register_sampler`."""

from data_utils.samplers import (  # noqa: F401  (each registers itself)
    class_aware,
    curriculum,
    ml_ros,
    none,
    oversample,
    progressive,
    repeat_factor,
    smote,
    sqrt,
    undersample,
)
from data_utils.samplers.drawn import Draw, Drawn
from data_utils.samplers.registry import SAMPLERS, build_sampler, hyperparameters, register_sampler
from data_utils.samplers.representation import register_representation

__all__ = [
    "SAMPLERS",
    "Draw",
    "Drawn",
    "build_sampler",
    "hyperparameters",
    "register_representation",
    "register_sampler",
]
