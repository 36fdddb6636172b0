"""Square-root sampling: a class is drawn in proportion to the square root of its count."""

from __future__ import annotations

from data_utils.samplers.draws import ClassDraws
from data_utils.samplers.registry import register_sampler

# p_c ~ n_c^0.5 (Kang et al. 2020).
register_sampler("sqrt", lambda train, hp: ClassDraws(train.targets, power=0.5))
