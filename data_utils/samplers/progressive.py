"""Progressively balanced sampling: as in the data at first, every class alike at the end of the run."""

from __future__ import annotations

from data_utils.samplers.draws import ClassDraws
from data_utils.samplers.registry import register_sampler

# p_c = (1 - t) n_c / n + t / K, t from 0 in the first epoch to 1 in the last (Kang et al. 2020).
register_sampler("progressive", lambda train, hp: ClassDraws(train.targets, power=(1.0, 0.0)))
