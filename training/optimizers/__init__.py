"""How weights move: the optimiser by name, its learning rate over a run, averaged weights, half precision."""

from training.optimizers.averaging import averaging
from training.optimizers.build import HYPERPARAMETERS, build_optimizer
from training.optimizers.plateau import plateau
from training.optimizers.precision import in_float32, precision

__all__ = ["HYPERPARAMETERS", "averaging", "build_optimizer", "in_float32", "plateau", "precision"]
