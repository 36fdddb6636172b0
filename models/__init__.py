"""Hyperparameters in, a Keras model out."""

from models import (  # noqa: F401  (each registers itself)
    cnn,
    cnn_attention,
    cnn_layers,
    crnn,
    mlp,
    resnet1d,
    rnn,
    se_resnet,
    xresnet1d,
)
from models.registry import build_model, hyperparameters, register_builder
from models.spec import Spec

__all__ = ["Spec", "build_model", "hyperparameters", "register_builder"]
