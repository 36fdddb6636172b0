"""What is done to training examples so that no two epochs see the same; never to validation or test."""

from data_utils.augment.augmenter import Augmenter, build_augmenter
from data_utils.augment.hyperparameters import HYPERPARAMETERS

__all__ = ["HYPERPARAMETERS", "Augmenter", "build_augmenter"]
