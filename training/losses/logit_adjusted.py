"""Cross-entropy of logits to which tau times the log-prior was added: large margins where classes are rare.

softmax: CE(z + tau log pi); sigmoid: each class with tau log(pi / (1 - pi)) (Menon et al. 2021, "Long-tail
learning via logit adjustment"). Only training sees the adjustment: the model's own logits z are, at tau 1,
those of a world in which all classes are equally common. tau 0 is cross-entropy.

The prior is that of the training side as it is: a sampler that already balances the classes and the
adjustment on top of it correct twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from training.losses.ce import SMOOTHING, cross_entropy
from training.losses.counts import ClassCounts
from training.losses.masked import MaskedLoss
from training.losses.registry import register_loss

HYPERPARAMETERS = {
    "tau": {
        "type": "float",
        "default": 1.0,
        "min": 0.0,
        "max": 4.0,
        "meaning": "How much of the log-prior is added to the logits in training; 0 is cross-entropy, 1 "
        "balances the classes.",
    },
}


def adjusted(counts: ClassCounts, tau: float, smoothing: float, link: str, name: str) -> MaskedLoss:
    """Return the cross-entropy of logits plus tau times the log-prior."""
    adjustment = tau * counts.log_prior(link)
    added = adjustment.astype("float32")
    return MaskedLoss(lambda y, z: cross_entropy(y, z + added, link, smoothing), link, name, -adjustment)


def build(hp: Mapping, counts: ClassCounts) -> MaskedLoss:
    return adjusted(counts, hp["tau"], hp["label_smoothing"], hp["link"], "logit_adjusted")


register_loss("logit_adjusted", build, {**HYPERPARAMETERS, **SMOOTHING})
