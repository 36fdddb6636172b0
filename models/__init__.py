"""Hyperparameters in, a Keras model out."""
