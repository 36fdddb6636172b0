"""Class-aware sampling: every class is drawn equally often."""

from __future__ import annotations

from data_utils.samplers.draws import ClassDraws
from data_utils.samplers.registry import register_sampler

# p_c uniform over the classes that the training side has (Kang et al. 2020, q = 0).
register_sampler("class_aware", lambda train, hp: ClassDraws(train.targets, power=0.0))
