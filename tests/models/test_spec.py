"""A specification that cannot be is refused in a sentence."""

import pytest

from models import Spec


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"task": "regression"}, "must be one of multiclass, multilabel"),
        ({"classes": 1}, "nothing to tell apart"),
        ({"prior": (0.5, 0.5)}, "2 numbers for 4 classes"),
    ],
)
def test_what_cannot_be(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        Spec(**{"length": 10, "channels": 1, "covariates": 0, "classes": 4, "task": "multiclass", **wrong})
