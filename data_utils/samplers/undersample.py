"""Random undersampling: frequent classes cut, to rows that are drawn anew each epoch."""

from __future__ import annotations

from collections.abc import Mapping

from data_utils.dataset import Side
from data_utils.samplers.goals import TARGET, cut
from data_utils.samplers.oversample import Resample
from data_utils.samplers.registry import register_sampler
from data_utils.samplers.strata import members


def undersample(train: Side, hp: Mapping) -> Resample:
    """Rows of every class cut down to `sampler_target`."""
    rows = members(train.targets)
    counts = {stratum: len(each) for stratum, each in rows.items()}
    return Resample(rows, cut(hp["sampler_target"], counts, train.dataset.classes))


register_sampler("undersample", undersample, TARGET)
