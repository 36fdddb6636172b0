"""Hyperparameters in, a Keras model out."""

from models import cnn  # noqa: F401  (registers itself)
from models.registry import build_model, hyperparameters, register_builder
from models.spec import Spec

__all__ = ["Spec", "build_model", "hyperparameters", "register_builder"]
