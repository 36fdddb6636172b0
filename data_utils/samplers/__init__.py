"""How training rows are drawn. A new sampler is one file and one `register_sampler`."""

from data_utils.samplers.registry import HYPERPARAMETERS, SAMPLERS, build_sampler, register_sampler

__all__ = ["HYPERPARAMETERS", "SAMPLERS", "build_sampler", "register_sampler"]
