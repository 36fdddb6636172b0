"""One model out of the members of a folds run: the mean of their logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np

from data_utils.preparation import Preparation
from training.fit import Member


def average(members: Sequence[Member]) -> tuple[keras.Model, Preparation]:
    """Return a model that averages the members' logits, and the preparation that its inputs need.

    Each member scaled its covariates by its own training side. The common preparation takes the mean of their
    statistics, and a normalisation before each member undoes the difference. Only Keras's own layers are
    used, so that the saved model loads without this package.
    """
    if len(members) == 1:
        return uncompiled(members[0].model), members[0].preparation
    common = _common([member.preparation for member in members])
    first = members[0].model.input
    inputs = {name: keras.Input(tensor.shape[1:], name=name) for name, tensor in first.items()}
    outputs = [_of_member(member, number, inputs, common) for number, member in enumerate(members)]
    return keras.Model(inputs, keras.layers.Average(name="logits")(outputs), name="ensemble"), common


def uncompiled(model: keras.Model) -> keras.Model:
    """Return the model without its loss and optimiser, which a reader would need this package for."""
    return keras.Model(model.input, model.output, name=model.name)


def _common(preparations: Sequence[Preparation]) -> Preparation:
    means = np.array([one.covariate_mean for one in preparations])
    deviations = np.array([one.covariate_std for one in preparations])
    return replace(
        preparations[0],
        covariate_mean=tuple(means.mean(axis=0).tolist()),
        covariate_std=tuple(deviations.mean(axis=0).tolist()),
    )


def _of_member(
    member: Member, number: int, inputs: dict[str, keras.KerasTensor], common: Preparation
) -> keras.KerasTensor:
    own = dict(inputs)
    if "covariates" in own:
        mean, std = np.array(member.preparation.covariate_mean), np.array(member.preparation.covariate_std)
        shift = (mean - np.array(common.covariate_mean)) / np.array(common.covariate_std)
        scale = std / np.array(common.covariate_std)
        own["covariates"] = keras.layers.Normalization(
            mean=shift.tolist(), variance=(scale**2).tolist(), name=f"covariates_{number}"
        )(own["covariates"])
    return keras.Model(member.model.input, member.model.output, name=f"member_{number}")(own)
